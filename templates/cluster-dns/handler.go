package main

import (
	"strings"

	"github.com/miekg/dns"
)

// handler answers one query: from the zone, from the cluster's addresses, or by asking the server of a stub zone or an upstream.
type handler struct {
	zone    *zone
	forward *routes
}

func (h *handler) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	tcp := w.RemoteAddr().Network() == "tcp"
	reply := h.reply(query, tcp)
	fit(reply, query, tcp)
	_ = w.WriteMsg(reply) // a client that is gone cannot be told
}

func (h *handler) reply(query *dns.Msg, tcp bool) *dns.Msg {
	if query.Opcode != dns.OpcodeQuery {
		return failure(query, dns.RcodeNotImplemented)
	}
	if len(query.Question) != 1 {
		return failure(query, dns.RcodeFormatError)
	}
	if edns := query.IsEdns0(); edns != nil && edns.Version() != 0 {
		return failure(query, dns.RcodeBadVers)
	}
	q := query.Question[0]
	if q.Qclass != dns.ClassINET {
		return failure(query, dns.RcodeRefused)
	}
	inZone := h.zone.contains(q.Name)
	reverse := reverseIP(q.Name) != nil
	if (inZone || reverse) && !h.zone.cluster.synced() {
		return failure(query, dns.RcodeServerFailure) // "no such name" would be a guess, and resolvers would keep it
	}
	if inZone {
		return h.fromZone(query, h.zone.resolve(q))
	}
	server, isStub := h.forward.to(q.Name)
	if isStub {
		return server.answer(query, tcp)
	}
	if reverse {
		if a := h.zone.resolveReverse(q); a.exists {
			return h.fromZone(query, a)
		}
	}
	if strings.EqualFold(q.Name, "localhost.") {
		return h.fromZone(query, addresses(q, parseIPs([]string{"127.0.0.1", "::1"})))
	}
	return server.answer(query, tcp)
}

func (h *handler) fromZone(query *dns.Msg, a answer) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	reply.Authoritative = a.authoritative
	reply.RecursionAvailable = true
	reply.Answer, reply.Extra = a.records, a.extra
	if !a.exists {
		reply.Rcode = dns.RcodeNameError
	}
	if len(a.records) == 0 && h.zone.contains(query.Question[0].Name) {
		reply.Ns = []dns.RR{h.zone.soa()}
	}
	return reply
}

func failure(query *dns.Msg, code int) *dns.Msg {
	reply := new(dns.Msg).SetRcode(query, code)
	reply.RecursionAvailable = true
	return reply
}
