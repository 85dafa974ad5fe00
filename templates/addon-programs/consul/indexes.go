package consul

import (
	"context"
	"sync"
	"time"
)

// indexes counts changes, as X-Consul-Index tells them, and wakes who waits for one.
type indexes struct {
	mutex   sync.Mutex
	last    uint64
	changed chan struct{} // closed with the next change
}

// newIndexes begins above everything that was told before: last is the highest that is known, and there is less than one change a second.
func newIndexes(last uint64) *indexes {
	if now := uint64(time.Now().Unix()); now > last {
		last = now
	}
	return &indexes{last: last, changed: make(chan struct{})}
}

// next is the index of a change. Whoever makes it visible calls wake afterwards.
func (x *indexes) next() uint64 {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.last++
	return x.last
}

func (x *indexes) wake() {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	close(x.changed)
	x.changed = make(chan struct{})
}

// wait returns when current is beyond since, when the limit is over, or when ctx ends.
func (x *indexes) wait(ctx context.Context, since uint64, limit time.Duration, current func() uint64) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		x.mutex.Lock()
		changed := x.changed
		x.mutex.Unlock()
		if current() > since {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
