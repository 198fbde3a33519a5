package evidence

import "fmt"

// Status says how asking ended: of one call, or of a coverage row as a whole.
type Status string

// The statuses, as the architecture names them.
const (
	OK           Status = "ok"            // a genuine answer with something in it
	Empty        Status = "empty"         // a genuine answer that proves there is nothing
	Denied       Status = "denied"        // the provider refused: not allowed to look
	Throttled    Status = "throttled"     // refused for its rate, after bounded retries
	Disabled     Status = "disabled"      // the feature, API or region is switched off
	NotEnabled   Status = "not_enabled"   // region not opted in by the account's own list; earlier use not shown
	Unsupported  Status = "unsupported"   // the endpoint does not know this operation
	Failed       Status = "error"         // anything else, also a 200 that is not a genuine answer
	NotAttempted Status = "not_attempted" // planned, never asked
)

// severity orders statuses from worst to best; a row has the worst of its calls.
var severity = map[Status]int{
	Failed: 9, Denied: 8, Throttled: 7, Unsupported: 6, Disabled: 5, NotEnabled: 4, NotAttempted: 3, OK: 2, Empty: 1,
}

// Valid reports whether s is one of the statuses above.
func (s Status) Valid() bool { return severity[s] > 0 }

// Seen reports whether s is a genuine answer: ok or (proven) empty.
func (s Status) Seen() bool { return s == OK || s == Empty }

// Worse returns the worse of two statuses. An unknown status is worse than any other, so that
// a newer build's status is never read as good news.
func Worse(a, b Status) Status {
	rank := func(s Status) int {
		if n, ok := severity[s]; ok {
			return n
		}
		return 100
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// Row is one line of coverage.jsonl: what became of one operation in one region of one target.
// Rows are written for the whole plan, before anything is asked.
type Row struct {
	ID        string         `json:"id"` // RowID(Target, Region, Operation)
	Collector string         `json:"collector"`
	Target    string         `json:"target"`
	Region    string         `json:"region"` // that of the request; "global" for global services
	Operation string         `json:"operation"`
	List      bool           `json:"list"`             // a list operation gates populations; an item operation only its item
	Kinds     []string       `json:"kinds,omitzero"`   // the fact kinds that this list operation enumerates, sorted
	Parent    string         `json:"parent,omitempty"` // row id of the operation whose answers this one asks about
	Discovery bool           `json:"discovery,omitzero"`
	Status    Status         `json:"status"`
	Reason    string         `json:"reason,omitempty"`  // the provider's error code, or our class of failure
	Calls     map[Status]int `json:"calls,omitzero"`    // calls by the status of their last attempt
	Withheld  map[string]int `json:"withheld,omitzero"` // values that rules of the engagement kept out of its answers, by rule
}

// RowID names a coverage row: target/region/service:Operation.
func RowID(target, region, operation string) string {
	return fmt.Sprintf("%s/%s/%s", target, region, operation)
}

// Add counts one finished call in the row; the reason kept is that of the worst call, the
// first one where several are equal.
func (r *Row) Add(s Status, reason string) {
	if r.Calls == nil {
		r.Calls = map[Status]int{}
		r.Status, r.Reason = s, reason
	} else if w := Worse(r.Status, s); w != r.Status {
		r.Status, r.Reason = w, reason
	}
	r.Calls[s]++
}
