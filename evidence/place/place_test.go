package place

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func table(t testing.TB) (*Table, []string) {
	t.Helper()
	tab, err := Load(Default())
	if err != nil {
		t.Fatal(err)
	}
	eea, err := tab.Allowed([]string{"EEA"})
	if err != nil {
		t.Fatal(err)
	}
	return tab, eea
}

func TestWithin(t *testing.T) {
	tab, eea := table(t)
	for places, want := range map[string]Answer{
		"eu-west-1": True, "eu-north-1 europe-north1": True, "EU": True, "EUR4": True, "europe-west1": True, "EUROPE-WEST1": True, "eusc-de-east-1": True, "country:NO": True,
		"eu-west-2": False, "eu-central-2": False, "EUR5": False, "EUR7": False, "EUR8": False, "europe-west2": False, "europe-west6": False,
		"us-east-1": False, "eu-west-1 us-east-1": False, "moon-1 us-east-1": False, "US": False, "country:CN": False, "country:GB": False,
		"": Unknown, "moon-1": Unknown, "eu-west-1 moon-1": Unknown, "global": Unknown, "eu-*": Unknown, "site:hamar-1": Unknown, "eu-isoe-west-1": Unknown, "country:Norway": Unknown, "europe": Unknown,
	} {
		if got := tab.Within(strings.Fields(places), eea); got != want {
			t.Errorf("within(%q) = %v, want %v", places, got, want)
		}
	}
	eu, _ := tab.Allowed([]string{"EU"})
	if tab.Within([]string{"country:NO"}, eu) != False {
		t.Error("Norway is in the EEA and not in the EU")
	}
}

// Adding a place never makes an answer better; order and repeats change nothing.
func TestWithinProperties(t *testing.T) {
	tab, eea := table(t)
	tokens := []string{"eu-west-1", "eu-west-2", "EU", "EUR8", "moon-1", "global", "us-east-1", "country:IS"}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var places []string
		for range rnd.IntN(5) + 1 {
			places = append(places, tokens[rnd.IntN(len(tokens))])
		}
		before := tab.Within(places, eea)
		after := tab.Within(append(slices.Clone(places), tokens[rnd.IntN(len(tokens))]), eea)
		if after == True && before != True || before == False && after != False {
			t.Fatalf("%v: %v became %v", places, before, after)
		}
		rnd.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
		if got := tab.Within(append(places, places...), eea); got != before {
			t.Fatalf("%v: order or repeats changed %v to %v", places, before, got)
		}
	}
}

func TestTableIsWhole(t *testing.T) {
	tab, eea := table(t)
	if len(tab.groups["EU"]) != 27 || len(eea) != 30 {
		t.Errorf("EU has %d, EEA %d countries", len(tab.groups["EU"]), len(eea))
	}
	if n := len(tab.Regions("aws")); n != 34 {
		t.Errorf("%d AWS regions", n)
	}
	if len(tab.Regions("nowhere")) != 0 || len(tab.Adequacy("CN")) != 0 || len(tab.Adequacy("GB")) != 1 {
		t.Error("regions of no partition, adequacy of China, or none of the United Kingdom")
	}
}

func TestExtend(t *testing.T) {
	tab, eea := table(t)
	more, err := tab.Extend(map[string]string{"site:hamar-1": "NO"})
	if err != nil || more.Within([]string{"site:hamar-1"}, eea) != True || tab.Within([]string{"site:hamar-1"}, eea) != Unknown {
		t.Error("a site was not added, or the table was changed", err)
	}
	// A site's country is the register's to say; what an inventory adds can only make it worse.
	for places, want := range map[string]Answer{"site:hamar-1 country:NO": True, "site:hamar-1 country:US": False, "site:other country:NO": Unknown, "site:other country:US": False} {
		if got := more.Within(strings.Fields(places), eea); got != want {
			t.Errorf("within(%q) = %v, want %v", places, got, want)
		}
	}
	for token, country := range map[string]string{"eu-west-2": "IE", "us-east-1": "IE", "eur5": "IE", "somewhere": "IE", "site:x": "Norway"} {
		if _, err := tab.Extend(map[string]string{token: country}); err == nil {
			t.Errorf("%s was put in %s", token, country)
		}
	}
}

func TestAllowedRefuses(t *testing.T) {
	tab, _ := table(t)
	if _, err := tab.Allowed([]string{"EAA"}); err == nil {
		t.Error("a misspelt group was taken")
	}
}

func TestLoadRefuses(t *testing.T) {
	good := string(Default())
	for name, text := range map[string]string{
		"empty":          "",
		"unknown field":  good + "colour: red\n",
		"twice":          strings.Replace(good, "token: eu-west-2", "token: eu-west-1", 1),
		"bad country":    strings.Replace(good, `country: "IE"`, `country: "Ireland"`, 1),
		"unknown member": strings.Replace(good, "members: [europe-west1, europe-west2]", "members: [europe-west1, europe-west99]", 1),
		"no date":        strings.Replace(good, "date: 2026-11-24", `date: ""`, 1),
	} {
		if _, err := Load([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(Default())
	f.Add([]byte("schema: 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := Load(b)
		if err == nil && tab.Within(nil, []string{"IE"}) != Unknown {
			t.Fatal("no place lies inside")
		}
	})
}
