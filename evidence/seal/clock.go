package seal

import (
	"context"
	"time"
)

// Offset says how far a timestamp authority's clock is from this machine's. An authority may write
// its time in whole seconds, so an offset is good to a second and the round trip.
type Offset struct {
	Authority string `json:"authority"`     // URL
	Ahead     int64  `json:"ahead_ms"`      // the authority's time less this machine's at the middle of the asking
	RoundTrip int64  `json:"round_trip_ms"` // how long it took to ask
}

// Offsets asks each authority for its time.
func (s *Signer) Offsets(ctx context.Context, clock func() time.Time) ([]Offset, error) {
	out := []Offset{}
	for _, url := range s.Services.Authorities {
		began := clock()
		t, err := s.timeOf(ctx, url)
		if err != nil {
			return nil, err
		}
		took := clock().Sub(began)
		out = append(out, Offset{Authority: url, Ahead: t.Sub(began.Add(took / 2)).Milliseconds(), RoundTrip: took.Milliseconds()})
	}
	return out, nil
}
