package report

import (
	"fmt"
	"strings"
)

// banner is a warning that stands on the cover and on each sheet.
type banner struct{ word, text string }

// banners lists what a reader must know before believing anything, gravest first.
func banners(in *Input) []banner {
	var bs []banner
	switch in.Run.Source {
	case Live:
	case Demonstration:
		bs = append(bs, banner{"DEMONSTRATION", "A recorded, imagined world was played. Nothing in this workbook is evidence about anybody."})
	case Replay:
		text := "The answers were played from an earlier recording, not asked of a provider."
		if in.Run.ReplayOf != "" {
			text += " Recording: run " + in.Run.ReplayOf + "."
		}
		bs = append(bs, banner{"REPLAYED RECORDING", text})
	default:
		bs = append(bs, banner{"UNKNOWN SOURCE", fmt.Sprintf("The run says %q of its source; this build does not know what that means.", in.Run.Source)})
	}
	if in.Run.Stopped {
		bs = append(bs, banner{"STOPPED BEFORE ITS END", "Collection was stopped, as by a signal. What was not asked is not_attempted in Coverage."})
	}
	if len(in.Run.Overrides) > 0 {
		var set []string
		for _, o := range in.Run.Overrides {
			set = append(set, o.Name+" = "+o.Value)
		}
		bs = append(bs, banner{"NOT A PROVIDER ENDPOINT", "The engagement redirected collection: " + strings.Join(set, "; ") + ". Answers may not be the provider's."})
	}
	if len(in.Engagement.Withhold) > 0 {
		total := 0
		for _, n := range in.Run.Withheld {
			total += n
		}
		bs = append(bs, banner{"VALUES WITHHELD", fmt.Sprintf("Rules of the engagement kept %s values out of the evidence before it was written; what hangs on them is insufficient. The sheet Engagement lists the rules, Coverage where.", group(total))})
	}
	if len(in.Run.NotFound) > 0 {
		bs = append(bs, banner{"NAMED, NOT FOUND", "The engagement names what is not there: " + strings.Join(in.Run.NotFound, "; ") + "."})
	}
	if in.Run.Untimed {
		bs = append(bs, banner{"UNTIMED SIGNATURE", "The run carries no trusted timestamp. All times are the collector's claim."})
	}
	if in.Judgement.Digest == "" {
		bs = append(bs, banner{"NOT RECORDED", "The results were not kept as a signed judgement; no verification can confirm them."})
	}
	return bs
}

// bannerLine gives the banners' words in one line; empty for a run without any.
func bannerLine(in *Input) string {
	var words []string
	for _, b := range banners(in) {
		words = append(words, b.word)
	}
	return strings.Join(words, "  ·  ")
}
