package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Exchange is one request that was sent and what came back, as it happened: one line of
// exchanges.jsonl. The answer's bytes lie apart, under their digest.
type Exchange struct {
	ID        string `json:"id"` // "x:" and 32 hexadecimal digits, from Key
	Collector string `json:"collector"`
	Target    string `json:"target"`
	Region    string `json:"region"`
	Operation string `json:"operation"` // service:Operation, as declared

	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`  // escaped
	Query   string            `json:"query"` // sorted, without signatures
	Headers map[string]string `json:"headers,omitzero"`
	Request string            `json:"request,omitempty"` // canonical request body
	Seq     int               `json:"seq"`               // among equal requests, from 0
	Attempt int               `json:"attempt"`           // of one call, from 1

	Status   int               `json:"status"`            // HTTP status; 0 where nothing came back
	Failure  string            `json:"failure,omitempty"` // class of transport failure
	Answer   map[string]string `json:"answer,omitzero"`   // answer headers that matter
	Body     string            `json:"body,omitempty"`    // sha256 of the decoded body after scrubbing
	BodySize int64             `json:"body_size"`
	Scrubbed []string          `json:"scrubbed,omitzero"` // what was taken out before anything was kept

	Withheld []Withheld `json:"withheld,omitzero"` // what the engagement keeps out of the evidence

	Outcome Status `json:"outcome"`          // what the declared operation makes of the answer
	Reason  string `json:"reason,omitempty"` // error code or cause

	TLSLeaf   string `json:"tls_leaf,omitempty"` // sha256 of the server's leaf certificate
	TLSIssuer string `json:"tls_issuer,omitempty"`

	Start    time.Time `json:"start"`    // UTC
	Duration int64     `json:"duration"` // microseconds
}

// Key identifies a request for replay: (collector, target, region, operation, canonical
// request, seq), each part length-prefixed so that no two lists of parts run together. The
// host is no part of it: virtual hosts and endpoint overrides change hosts, not questions.
func (x *Exchange) Key() string {
	h := sha256.New()
	for _, part := range []string{x.Collector, x.Target, x.Region, x.Operation, x.Method, x.Path, x.Query, x.Request} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(x.Seq))
	h.Write(n[:])
	return hex.EncodeToString(h.Sum(nil))
}

// Identify sets the exchange's id from its key.
func (x *Exchange) Identify() { x.ID = "x:" + x.Key()[:32] }

// RowID is the id of the coverage row that this exchange counts in.
func (x *Exchange) RowID() string { return RowID(x.Target, x.Region, x.Operation) }

// maxDuration is more than any request takes, in microseconds: what is longer overflows, or pushes the end of the run
// to where no timestamp comes after it.
const maxDuration = 366 * 24 * 3600 * 1e6

// End is when the exchange ended: not before it began, whatever the clock did meanwhile.
func (x *Exchange) End() time.Time { return ended(x.Start, x.Duration) }

func ended(start time.Time, micros int64) time.Time {
	return start.Add(time.Duration(min(max(0, micros), maxDuration)) * time.Microsecond)
}

// Span reads of a line of exchanges.jsonl the id and when the exchange began and ended, without the
// cost of the rest.
func (r *LineReader) Span(line []byte) (id string, start, end time.Time, err error) {
	var micros int64
	err = r.eachMember(line, func(name, value jsontext.Value) error {
		switch string(name) {
		case `"id"`:
			return unquote(&id, value)
		case `"start"`:
			return r.time(&start, value)
		case `"duration"`:
			var short error
			if micros, short = strconv.ParseInt(string(value), 10, 64); short != nil {
				return json.Unmarshal(value, &micros)
			}
		}
		return nil
	})
	if err != nil {
		return "", time.Time{}, time.Time{}, fmt.Errorf("decode exchange: %w", err)
	}
	if micros > maxDuration {
		return "", time.Time{}, time.Time{}, fmt.Errorf("exchange %.40s took %d microseconds, more than a year", id, micros)
	}
	return id, start, ended(start, micros), nil
}
