package collectors

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// The rate at which one service of one target is asked. Providers throttle by account and
// service; an audit must not eat the auditee's quota.
const (
	callsPerSecond = 50
	callBurst      = 100
)

// limits paces requests by target and service. The zero value is ready.
type limits struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

func (l *limits) wait(ctx context.Context, target, operation string) error {
	service, _, _ := strings.Cut(operation, ":")
	key := target + "/" + service
	l.mu.Lock()
	lim, ok := l.by[key]
	if !ok {
		if l.by == nil {
			l.by = map[string]*rate.Limiter{}
		}
		lim = rate.NewLimiter(callsPerSecond, callBurst)
		l.by[key] = lim
	}
	l.mu.Unlock()
	return lim.Wait(ctx)
}
