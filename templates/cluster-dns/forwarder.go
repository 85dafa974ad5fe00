package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	forwardTimeout = 4 * time.Second // stub resolvers give up after five
	serverTimeout  = 2 * time.Second
	restAfterFail  = 2 * time.Second
)

// forwarder asks name servers outside of this program what the cluster does not know.
//
// Loops: a query that arrives while the same one is on its way out waits for that one instead of being sent again. If
// an upstream leads back to us there is thus one query going round, which ends by its timeout, never a storm.
type forwarder struct {
	servers []string
	mutex   sync.Mutex
	flights map[flightKey]*flight
	resting map[string]time.Time
}

type flightKey struct {
	name    string
	kind    uint16
	tcp, do bool
	rd, cd  bool
}

type flight struct {
	done  chan struct{}
	reply *dns.Msg // nil: no server answered
}

func newForwarder(servers []string) *forwarder {
	return &forwarder{servers: servers, flights: map[flightKey]*flight{}, resting: map[string]time.Time{}}
}

// answer is always a reply that fits the query: the upstream's, or SERVFAIL.
func (f *forwarder) answer(query *dns.Msg, tcp bool) *dns.Msg {
	q := query.Question[0]
	edns := query.IsEdns0()
	key := flightKey{strings.ToLower(q.Name), q.Qtype, tcp, edns != nil && edns.Do(), query.RecursionDesired, query.CheckingDisabled}
	upstream := f.share(key, q)
	if upstream == nil {
		return failure(query, dns.RcodeServerFailure)
	}
	reply := upstream.Copy() // it may be shared with other clients
	reply.Id = query.Id
	reply.Question = query.Question // with the client's own upper and lower case
	reply.Authoritative = false
	return reply
}

// lookup asks for one of our own purposes; nil when no server answered.
func (f *forwarder) lookup(q dns.Question) *dns.Msg {
	return f.share(flightKey{name: strings.ToLower(q.Name), kind: q.Qtype, rd: true}, q)
}

func (f *forwarder) share(key flightKey, q dns.Question) *dns.Msg {
	f.mutex.Lock()
	running, found := f.flights[key]
	if !found {
		running = &flight{done: make(chan struct{})}
		f.flights[key] = running
	}
	f.mutex.Unlock()
	if found {
		<-running.done
		return running.reply
	}
	ctx, cancel := context.WithTimeout(context.Background(), forwardTimeout)
	defer cancel()
	running.reply = f.ask(ctx, key, q)
	f.mutex.Lock()
	delete(f.flights, key)
	f.mutex.Unlock()
	close(running.done)
	return running.reply
}
