package main

import (
	"sort"

	"github.com/miekg/dns"
)

// Bytes of UDP that pass everywhere without fragments (DNS flag day 2020); announced to clients that speak EDNS.
const udpSize = 1232

// fit makes a reply small enough for the way it goes back. Additional records are dropped silently, as they are a
// courtesy; when answers must go the client is told to come again by TCP.
func fit(reply, query *dns.Msg, tcp bool) {
	limit := dns.MinMsgSize
	dropEdns(reply)
	if edns := query.IsEdns0(); edns != nil {
		if size := int(edns.UDPSize()); size > limit {
			limit = size
		}
		if limit > udpSize {
			limit = udpSize
		}
		reply.SetEdns0(udpSize, edns.Do())
	}
	if tcp {
		limit = dns.MaxMsgSize
	}
	reply.Compress = true
	if reply.Len() <= limit {
		return
	}
	keepOnlyEdns(reply)
	if reply.Len() <= limit {
		return
	}
	reply.Truncated = true
	all := reply.Answer
	// The largest count that fits, one less than the first that does not.
	reply.Answer = all[:sort.Search(len(all), func(n int) bool {
		reply.Answer = all[:n+1]
		return reply.Len() > limit
	})]
}

// dropEdns removes an upstream's OPT record, which speaks of its connection to us and not of ours to the client.
func dropEdns(reply *dns.Msg) {
	kept := reply.Extra[:0:0]
	for _, record := range reply.Extra {
		if record.Header().Rrtype != dns.TypeOPT {
			kept = append(kept, record)
		}
	}
	reply.Extra = kept
}

func keepOnlyEdns(reply *dns.Msg) {
	edns := reply.IsEdns0()
	reply.Extra = nil
	if edns != nil {
		reply.Extra = []dns.RR{edns}
	}
}
