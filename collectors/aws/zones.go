package aws

import (
	"regexp"
	"slices"
	"strings"

	"github.com/trefoil-audit/trefoil/evidence"
)

// zoneOfRegion is the name of an Availability Zone of a region itself, such as eu-central-1a. Those of Local
// Zones and Wavelength Zones name their own city behind the region (eu-central-1-ham-1a, eu-west-3-wl1-cmn-wlz-1),
// which may lie in another country. See "Regions and Zones" in the EC2 user guide.
var zoneOfRegion = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)+-[0-9]+)[a-z]$`)

// placesIn lists where a thing of a region lies whose answer names zones and Outposts; what is "" names none. A
// zone of the region is the region. A Local Zone, a Wavelength Zone or an Outpost may stand anywhere: its own
// name is a place beside the region that runs it, and is unknown until the table of places lists it.
func placesIn(region string, sites ...string) []string {
	places := []string{region}
	for _, site := range sites {
		of := zoneOfRegion.FindStringSubmatch(site)
		switch {
		case site == "":
		case of != nil:
			places = append(places, of[1])
		default:
			places = append(places, site)
		}
	}
	return sortedUnion(places)
}

// setPlaces says where a thing lies that always has a zone, as volumes and instances of RDS do; one that an answer
// leaves out was not seen, so that it does not count as one of the region's own. Row is of the list.
func setPlaces(f *evidence.Fact, row, region, zone string, others ...string) {
	if zone == "" {
		f.Unknown(row, "/located")
		return
	}
	f.Set("/located", placesIn(region, append(others, zone)...))
}

// keptIn lists where a backup or snapshot of RDS lies, by the target that its answer names: the region, Outposts or a
// Local Zone. Zones are its own, or those of the database, which says nothing of a copy: one of another region's own
// zones is where that lay which it is a copy of. An answer from before there were targets names none.
func keptIn(region, target string, zones ...string) []string {
	zones = slices.DeleteFunc(zones, zoneOfRegion.MatchString)
	switch {
	case strings.EqualFold(target, "region"):
		return []string{region}
	case target != "" && strings.Join(zones, "") == "":
		zones = []string{target + " of " + region}
	}
	return placesIn(region, zones...)
}
