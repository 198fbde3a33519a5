package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

const accessSheet = "Access"

// The controls that judge whom a row names: in the trust of the role that collected, in that of another, and elsewhere.
const (
	judgesCollector = "EDS-GOV-01"
	judgesTrust     = "EDS-IAM-01"
	judgesSharing   = "EDS-XFR-05"
)

// accessLegend says what stands behind a name.
const accessLegend = "Behind a name stands how a control judges it of that row: in a trust of the role that collected, " + judgesCollector + "; in that of another role, " + judgesTrust + "; elsewhere, " + judgesSharing +
	". CAPITALS: it is against that control, which fails here. The same word in small letters: the control does not fail here, or a condition may keep them out. " +
	"(own): of the audited organisation. (trusted): of an account that the register trusts, held in an approved country. (STRANGER): neither. (own: STRANGER TO THE AUDIT): it may become the collector, whom it is audited by. " +
	"(the auditor's), (named identity provider): the engagement's parameters name it. (on the roster): of a person who works in an approved country. ALL BUT: everybody is let in but those. " +
	"No word: the name does not say whose it is, or a Deny names it, which lets nobody in. What policies come to together is not evaluated."

// writeAccess writes principals, then what is open to somebody outside its account, then the
// statements of policies. The facts are walked once for each, so that none are held.
func writeAccess(ctx context.Context, b *book, s sheet) error {
	if _, err := b.surveyed(ctx); err != nil {
		return err
	}
	t, err := b.explained(s.name, s.says, accessLegend, 3, []column{
		{headRef, 14, refText}, {"Row is about", 12, strongText}, {"Who or what", 38, plainText}, {headTarget, 18, plainText}, {"Type", 13, plainText},
		{"Trusted by, or given to", 37, plainText}, {"What it allows", 36, plainText}, {"Condition", 22, plainText}, {"Credentials", 24, plainText}, {"Second factor", 13, plainText},
	})
	if err != nil {
		return err
	}
	closed := 0
	for _, write := range []func(*table, *evidence.Fact) error{
		b.principal,
		func(t *table, f *evidence.Fact) error { return b.exposure(t, f, &closed) },
		b.statement,
	} {
		for f, err := range each(b.in.Facts) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = write(t, f)
			}
			if err != nil {
				return fmt.Errorf("write facts: %w", err)
			}
		}
	}
	if err := t.finish("No principal, no shared thing and no policy was seen."); err != nil {
		return err
	}
	if err := t.gap(6); err != nil {
		return err
	}
	text := fmt.Sprintf("%s further stores and keys are seen to be open to nobody outside their account; they have no row here.", group(closed))
	if err := t.text(text, faintText); err != nil {
		return err
	}
	return t.close()
}

// principal writes who can act.
func (b *book) principal(t *table, f *evidence.Fact) error {
	if !b.carries(f, "principal") {
		return nil
	}
	b.cite(f.ID)
	trust := b.people(f, field(f, "/principal/trusted_by"))
	if idp := field(f, "/principal/idp"); idp.said && idp.value != nil {
		trust += "\nsigns in by " + idp.text()
	}
	switch held := b.in.Holders[f.ID]; {
	case len(held) > 0:
		trust += "\nby the roster: " + some(held, 5)
	case b.in.Holders != nil && field(f, "/principal/type").is("human"):
		trust += "\nby the roster: NOBODY"
	}
	factor := styled{look: plainText, value: capital(field(f, "/principal/mfa").text())}
	if field(f, "/principal/mfa").is(false) {
		factor = styled{look: awayCell, value: "NO"}
	}
	return t.add(Subject{Item: f.ID}, "Principal", itemText(f.Name, f.ID), where(f.Target, f.Region), capital(field(f, "/principal/type").text()), trust,
		notApplicable, notApplicable, credentials(f), factor)
}

// credentials lists long-lived credentials; never a secret, which no fact holds.
func credentials(f *evidence.Fact) string {
	s := field(f, "/principal/credentials")
	var parts []string
	for i, c := range s.records() {
		text := valueText(c["kind"]) + " " + valueText(c["id"])
		if c["active"] == false {
			text += ", off"
		} else {
			text += ", ACTIVE"
		}
		for _, when := range []struct{ name, says, none string }{{"created", ", of ", ""}, {"last_used", ", last used ", "never"}} {
			if why := f.Unknowns[fmt.Sprintf("/principal/credentials/%d/%s", i, when.name)]; why != "" {
				text += when.says + "NOT KNOWN: " + why
			} else if v, ok := c[when.name]; ok {
				if date := orElse(dateOf(v), when.none); date != "" { // a password of the root user has no day of its own
					text += when.says + date
				}
			}
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 || s.unseen != "" {
		parts = append(parts, capital(s.text()))
	}
	return strings.Join(parts, "\n")
}

func dateOf(v any) string {
	text, _ := v.(string)
	date, _, _ := strings.Cut(text, "T")
	return date
}

// exposure writes what somebody outside can reach; what nobody can is counted.
func (b *book) exposure(t *table, f *evidence.Fact, closed *int) error {
	if !b.carries(f, "exposure") {
		return nil
	}
	public, shared, network := field(f, "/exposure/public"), field(f, "/exposure/shared_with"), field(f, "/exposure/network")
	var words []string
	if public.is(true) {
		words = append(words, "PUBLIC")
	}
	if len(shared.list()) > 0 {
		words = append(words, "SHARED")
	}
	if network.is("open") {
		words = append(words, "OPEN NETWORK")
	}
	if public.unseen+shared.unseen+network.unseen != "" {
		words = append(words, "NOT ALL SEEN")
	}
	if len(words) == 0 {
		*closed++
		return nil
	}
	b.cite(f.ID)
	to := b.people(f, shared)
	if public.is(true) {
		anybody := string(b.loud(f, controls.Anybody))
		if to = anybody + "\n" + to; len(shared.list())+len(shared.unseen) == 0 {
			to = anybody
		}
	}
	how := strings.Join(field(f, "/exposure/public_how").list(), "\n")
	if network.said && network.value != nil {
		how = strings.TrimSpace(how + "\nnetwork: " + network.text())
	}
	return t.add(Subject{Item: f.ID}, "Open to", itemText(f.Name, f.ID), where(f.Target, f.Region), styled{look: awayCell, value: strings.Join(words, "\n")},
		to, orElse(how, notApplicable), notApplicable, notApplicable, notApplicable)
}

// policyWords name the kinds of policies that are no words.
var policyWords = map[string]string{"iam_policy": "IAM policy", "scp": "SCP"}

// statement writes one statement of one policy, as written.
func (b *book) statement(t *table, f *evidence.Fact) error {
	if !b.carries(f, "binding") {
		return nil
	}
	b.cite(f.ID)
	who := field(f, "/binding/principals")
	given := b.people(f, who)
	if who.said && len(who.list()) == 0 {
		given = "attached to " + field(f, "/binding/attached_to").text()
	}
	negated := field(f, "/binding/negated").list()
	not := func(what string) string {
		if slices.Contains(negated, what) {
			return "ALL BUT "
		}
		return ""
	}
	if slices.Contains(negated, "principal") {
		given = "ALL BUT" + b.standing(f, "*") + "\n" + given
	}
	allows := capital(field(f, "/binding/effect").text()) + ": " + not("permission") + field(f, "/binding/permissions").text()
	if on := field(f, "/binding/resources"); len(on.list()) > 0 || on.unseen != "" {
		allows += "\non " + not("resource") + on.text()
	}
	condition := field(f, "/binding/condition")
	text := condition.text()
	if condition.said && condition.value == nil {
		text = "Unconditional"
	}
	return t.add(Subject{Item: f.ID}, "Statement", f.ID, where(f.Target, f.Region), capital(field(f, "/binding/via_kind").word(policyWords)),
		given, allows, text, notApplicable, notApplicable)
}

// people lists principals that a fact names, each with how it stands.
func (b *book) people(f *evidence.Fact, s said) string {
	if len(s.list()) == 0 {
		return capital(s.text())
	}
	var parts []string
	for _, who := range s.list() {
		parts = append(parts, who+b.standing(f, who))
	}
	if s.unseen != "" {
		parts = append(parts, "… and more, NOT KNOWN: "+s.unseen)
	}
	return strings.Join(parts, "\n")
}

func (b *book) standing(f *evidence.Fact, who string) string {
	if b.in.Standing == nil {
		return ""
	}
	if standing := b.in.Standing(f, who); standing != "" {
		return " (" + string(b.loud(f, standing)) + ")"
	}
	return ""
}

// loud leaves a standing in capitals where the control that judges the row fails.
func (b *book) loud(f *evidence.Fact, s controls.Standing) controls.Standing {
	if !s.Against() || b.survey.fails[f.ID] {
		return s
	}
	trust := field(f, "/binding/via_kind").is("trust")
	for _, id := range field(f, "/binding/attached_to").list() {
		id, _, _ = strings.Cut(id, "/managedFolders/") // what lets in by one is held against its bucket
		if !trust && b.survey.fails[id] || trust && b.survey.lets[id] {
			return s
		}
	}
	return s.Quiet()
}
