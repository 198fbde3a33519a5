package report

import (
	"context"
	"fmt"
	"strings"

	"github.com/trefoil-audit/trefoil/controls"
	"github.com/trefoil-audit/trefoil/evidence"
)

const locationsSheet = "Data locations"

// Words for whose key encrypts and what is asked of connections.
var atRestWords = map[string]string{"none": "NOT ENCRYPTED", "provider_key": "Provider's key", "customer_key": "Customer's key", "external_key": "External key"}

// writeLocations writes one row a store and key: first those with a place outside the EEA or of
// which a place is not known.
func writeLocations(ctx context.Context, b *book, s sheet) error {
	t, err := b.table(s.name, s.says, 2, []column{
		{headRef, 14, refText}, {"Store or key", 36, plainText}, {"Class", 11, plainText}, {headTarget, 18, plainText}, {"Place", 13, plainText},
		{"Country", 9, plainText}, {"Group", 24, plainText}, {"Scope", 15, plainText}, {"At rest", 14, plainText}, {"Key", 30, plainText},
		{"Copies, and where", 31, plainText}, {"Not passed", 18, plainText},
	})
	if err != nil {
		return err
	}
	known, err := b.surveyed(ctx)
	if err != nil {
		return err
	}
	for _, away := range []bool{true, false} {
		for f, err := range each(b.in.Facts) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("read facts: %w", err)
			}
			if !b.holds(f) {
				continue
			}
			if p := b.placesOf(f); p.away == away {
				before := t.wrote
				if err := b.location(t, f, p, known.open[f.ID]); err != nil {
					return err
				}
				b.made[counted{s.name, "rows", ""}] += t.wrote - before
			}
		}
	}
	if err := t.finish("No store and no key was seen."); err != nil {
		return err
	}
	if err := t.gap(6); err != nil {
		return err
	}
	if err := t.text(b.tableOfPlaces(), faintText); err != nil {
		return err
	}
	return t.close()
}

// tableOfPlaces names the table that countries and groups are from.
func (b *book) tableOfPlaces() string {
	text := "Country and group are looked up in the judgement's dated table of places"
	for _, f := range b.in.Judgement.Inputs {
		if f.Name == "places.yaml" {
			text += " (places.yaml, sha256:" + f.SHA256 + ")"
		}
	}
	return text + ", sites in the register (Engagement). An adequacy decision may bind some recipients only; the group is no verdict. Stores come first that lie outside the EEA or whose place is not known."
}

// holds reports whether a fact is about a store or a key.
func (b *book) holds(f *evidence.Fact) bool { return b.carries(f, "store") || b.carries(f, "key") }

// location writes one row.
func (b *book) location(t *table, f *evidence.Fact, p places, open []string) error {
	b.cite(f.ID)
	group := styled{look: plainText, value: p.group}
	if p.away {
		group.look = awayCell
	}
	scope := styled{look: plainText, value: "not said"}
	if b.in.Scope != nil {
		in, rule := b.in.Scope(f)
		scope.value = scopeWord(in) + "\n" + rule
		if in != controls.In {
			scope.look = awayCell
		}
	}
	rest := styled{look: plainText, value: field(f, "/encryption/at_rest").word(atRestWords)}
	if field(f, "/encryption/at_rest").is("none") || field(f, "/encryption/at_rest").unseen != "" {
		rest.look = awayCell
	}
	if how := field(f, "/encryption/in_transit"); how.said && rest.value != notApplicable {
		rest.value = fmt.Sprint(rest.value, "\nin transit: ", how.text())
	}
	failed := styled{look: plainText, value: strings.Join(open, "\n")}
	if len(open) > 0 {
		failed.look = awayCell
	}
	return t.add(Subject{Item: f.ID}, itemText(f.Name, f.ID), classOf(f), where(f.Target, f.Region), p.tokens, p.country, group, scope, rest,
		keyText(f), b.copies(f), failed)
}

// places is where a thing lies, in words.
type places struct {
	tokens, country, group string
	away                   bool // a place outside the EEA, or one that is not known
}

func (b *book) placesOf(f *evidence.Fact) places {
	at := field(f, "/located")
	if !at.said || len(at.list()) == 0 {
		return places{tokens: at.text(), country: "NOT KNOWN", group: "NOT KNOWN", away: true}
	}
	var p places
	var tokens, countries, groups []string
	for _, token := range at.list() {
		t := b.territory(f.Provider, token)
		tokens, countries, groups = append(tokens, token), append(countries, t.Country), append(groups, t.Group)
		p.away = p.away || t.Group != "EU" && t.Group != "EEA"
	}
	if at.unseen != "" {
		p.away = true
		tokens = append(tokens, "… and more, NOT KNOWN: "+at.unseen)
	}
	p.tokens, p.country, p.group = strings.Join(tokens, "\n"), strings.Join(countries, "\n"), strings.Join(groups, "\n")
	return p
}

// territory looks a place up in the judgement's table.
func (b *book) territory(provider, token string) Territory {
	var t Territory
	if b.in.Place != nil {
		t = b.in.Place(provider, token)
	}
	if t.Country == "" {
		return Territory{Country: "NOT KNOWN", Group: "NOT IN THE TABLE"}
	}
	return Territory{Country: t.Country, Group: capital(t.Group)}
}

func classOf(f *evidence.Fact) string {
	if s := field(f, "/store/class"); s.said || s.unseen != "" {
		if engine := field(f, "/store/engine"); engine.said && engine.value != nil {
			return s.text() + "\n" + engine.text()
		}
		return s.text()
	}
	return "key"
}

// keyText says which key encrypts a store, or what a key is.
func keyText(f *evidence.Fact) string {
	if s := field(f, "/encryption/key"); s.said || s.unseen != "" {
		if s.is(nil) {
			return "None"
		}
		return s.text()
	}
	state := field(f, "/key/state")
	if !state.said && state.unseen == "" {
		return notApplicable
	}
	parts := []string{capital(state.text()), "material: " + field(f, "/key/origin").text() + ", kept by " + field(f, "/key/custodian").text()}
	switch days := field(f, "/key/rotation_days"); {
	case days.said && days.value == nil:
		parts = append(parts, "NEVER ROTATES")
	case days.said:
		parts = append(parts, "rotates each "+days.text()+" days")
	default:
		parts = append(parts, "rotation: "+days.text())
	}
	if field(f, "/key/multi_region").is(true) {
		parts = append(parts, "MULTI-REGION")
	}
	if gone := field(f, "/key/deletes_at"); gone.said && gone.value != nil {
		parts = append(parts, "TO BE DESTROYED "+gone.text())
	}
	return strings.Join(parts, "\n")
}

// copies lists where a store is copied to, and what it is a copy of.
func (b *book) copies(f *evidence.Fact) string {
	s := field(f, "/copies")
	var parts []string
	for i, c := range s.records() {
		text := valueText(c["how"]) + " to " + valueText(c["to"])
		if at := field(f, fmt.Sprintf("/copies/%d/located", i)); at.said {
			for _, token := range at.list() {
				t := b.territory(f.Provider, token)
				text += fmt.Sprintf(" (%s, %s, %s)", token, t.Country, t.Group)
			}
		} else {
			text += " (place " + at.text() + ")"
		}
		if c["active"] == false {
			text += ", switched off"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 || s.unseen != "" {
		parts = append(parts, capital(s.text()))
	}
	if origin := field(f, "/origin"); origin.said && origin.value != nil || origin.unseen != "" {
		parts = append(parts, "a copy of "+origin.text())
	}
	if len(parts) > 1 && parts[0] == notApplicable {
		parts = parts[1:]
	}
	return strings.Join(parts, "\n")
}
