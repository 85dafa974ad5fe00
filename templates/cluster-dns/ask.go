package main

import (
	"context"
	"time"

	"github.com/miekg/dns"
)

// ask tries the servers in order and gives the first real reply. Servers that failed a moment ago are left out, so that
// with every upstream dead clients get their SERVFAIL at once instead of after everybody's timeout.
func (f *forwarder) ask(ctx context.Context, key flightKey, q dns.Question) *dns.Msg {
	var last *dns.Msg
	for _, server := range f.awake() {
		reply := exchange(ctx, key, q, server)
		f.mark(server, reply != nil)
		if reply == nil {
			continue
		}
		if reply.Rcode != dns.RcodeServerFailure && reply.Rcode != dns.RcodeRefused {
			return reply
		}
		last = reply
	}
	return last
}

func exchange(ctx context.Context, key flightKey, q dns.Question, server string) *dns.Msg {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	query := new(dns.Msg).SetQuestion(q.Name, q.Qtype)
	query.RecursionDesired, query.CheckingDisabled = key.rd, key.cd
	query.SetEdns0(udpSize, key.do)
	network := "udp"
	if key.tcp {
		network = "tcp"
	}
	reply, err := exchangeOver(ctx, network, query, server)
	if err == nil && reply.Rcode == dns.RcodeFormatError && !key.do {
		query.Extra = nil // a server from before EDNS
		reply, err = exchangeOver(ctx, network, query, server)
	}
	if err == nil && reply.Truncated && !key.tcp {
		// The client's own limit is applied by fit; what we fetch should be whole.
		if whole, tcpErr := exchangeOver(ctx, "tcp", query, server); tcpErr == nil {
			return whole
		}
	}
	if err != nil || !reply.Response || len(reply.Question) != 1 || reply.Question[0].Qtype != q.Qtype {
		return nil
	}
	return reply
}

func exchangeOver(ctx context.Context, network string, query *dns.Msg, server string) (*dns.Msg, error) {
	client := &dns.Client{Net: network, Timeout: serverTimeout, UDPSize: udpSize}
	reply, _, err := client.ExchangeContext(ctx, query, server)
	return reply, err
}

func (f *forwarder) awake() (servers []string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, server := range f.servers {
		if time.Now().After(f.resting[server]) {
			servers = append(servers, server)
		}
	}
	return servers
}

func (f *forwarder) mark(server string, answered bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if answered {
		delete(f.resting, server)
	} else {
		f.resting[server] = time.Now().Add(restAfterFail)
	}
}
