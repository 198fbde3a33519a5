package collectors

import (
	"context"
	"testing"
	"time"
)

// One service of one target is asked at the rate that is set; that holds up neither another service
// nor another target.
func TestLimits(t *testing.T) {
	var l limits
	soon, cancel := context.WithDeadline(context.Background(), time.Now().Add(time.Hour))
	defer cancel()
	if err := l.wait(soon, "aws-1", "kms:ListKeys"); err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if err := l.wait(late, "aws-1", "kms:ListKeys"); err == nil {
		t.Error("a call is made after its deadline")
	}
	burst := l.by["aws-1/kms"]
	if burst.Burst() != callBurst || burst.Limit() != callsPerSecond {
		t.Errorf("%v calls a second, %d at once", burst.Limit(), burst.Burst())
	}
	if !burst.AllowN(time.Now(), callBurst-1) {
		t.Error("the burst is smaller than said")
	}
	for key, other := range map[string][]string{"aws-1/s3": {"aws-1", "s3:ListBuckets"}, "aws-2/kms": {"aws-2", "kms:ListKeys"}} {
		if err := l.wait(soon, other[0], other[1]); err != nil || l.by[key] == nil || l.by[key] == burst {
			t.Errorf("%v: %v", other, err)
		}
	}
	if len(l.by) != 3 {
		t.Errorf("%d limits, want one for each target and service", len(l.by))
	}
}
