package consul

import (
	"encoding/hex"
	"net"
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"
)

// Bytes of UDP that pass everywhere without fragments (DNS flag day 2020).
const udpSize = 1232

// names answers DNS for the zone. Nothing that it says lives longer than the answer (TTL 0), neither a name nor that there is none.
type names struct {
	catalogue  *catalogue
	zone       string // lower case, with the last dot
	datacenter string
	turn       uint32
}

func newNames(c *catalogue, domain, datacenter string) *names {
	return &names{catalogue: c, zone: strings.ToLower(dns.Fqdn(domain)), datacenter: strings.ToLower(datacenter)}
}

func (n *names) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	reply := n.reply(query)
	limit := dns.MaxMsgSize
	if w.RemoteAddr().Network() == "udp" {
		limit = dns.MinMsgSize
		if edns := query.IsEdns0(); edns != nil && int(edns.UDPSize()) > limit {
			limit = int(edns.UDPSize())
		}
		if limit > udpSize {
			limit = udpSize
		}
	}
	if query.IsEdns0() != nil {
		reply.SetEdns0(udpSize, false)
	}
	fit(reply, limit)
	_ = w.WriteMsg(reply) // a client that is gone cannot be told
}

// fit drops additional records first, which are a courtesy; when answers must go the client is told to come again by TCP.
func fit(reply *dns.Msg, limit int) {
	reply.Compress = true
	if reply.Len() > limit {
		edns := reply.IsEdns0()
		reply.Extra = nil
		if edns != nil {
			reply.Extra = []dns.RR{edns}
		}
	}
	for reply.Len() > limit && len(reply.Answer) > 0 {
		reply.Truncated = true
		reply.Answer = reply.Answer[:len(reply.Answer)-1]
	}
}

func (n *names) reply(query *dns.Msg) *dns.Msg {
	fail := func(code int) *dns.Msg { return new(dns.Msg).SetRcode(query, code) }
	if query.Opcode != dns.OpcodeQuery {
		return fail(dns.RcodeNotImplemented)
	}
	if len(query.Question) != 1 {
		return fail(dns.RcodeFormatError)
	}
	q := query.Question[0]
	if q.Qclass != dns.ClassINET || !dns.IsSubDomain(n.zone, strings.ToLower(q.Name)) {
		return fail(dns.RcodeRefused)
	}
	if !n.catalogue.ready() {
		return fail(dns.RcodeServerFailure)
	}
	reply := new(dns.Msg).SetReply(query)
	reply.Authoritative = true
	var exists bool
	reply.Answer, reply.Extra, exists = n.resolve(q)
	if !exists {
		reply.Rcode = dns.RcodeNameError
	}
	if len(reply.Answer) == 0 {
		reply.Ns = []dns.RR{n.soa()}
	}
	return reply
}

// resolve gives answers and what belongs to them; exists tells a name without such records from no name.
func (n *names) resolve(q dns.Question) (answers, extra []dns.RR, exists bool) {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(q.Name), n.zone), ".")
	labels = labels[:len(labels)-1] // what is after the last dot
	if strings.EqualFold(q.Name, n.zone) {
		if q.Qtype == dns.TypeSOA || q.Qtype == dns.TypeANY {
			answers = []dns.RR{n.soa()}
		}
		return answers, nil, true
	}
	if last := len(labels) - 1; labels[last] == n.datacenter {
		labels = labels[:last]
	}
	if len(labels) == 0 {
		return nil, nil, true
	}
	last := len(labels) - 1
	rest := labels[:last]
	switch {
	case len(rest) == 0:
		return nil, nil, labels[last] == "service" || labels[last] == "node" || labels[last] == "addr"
	case labels[last] == "service":
		found := n.find(rest)
		if len(found) == 0 {
			return nil, nil, false
		}
		answers, extra = n.instances(q, found)
		return answers, extra, true
	case labels[last] == "node":
		_, members, _ := n.catalogue.all()
		for _, m := range members {
			if strings.EqualFold(m.name, strings.Join(rest, ".")) {
				return records(q, m.address), nil, true
			}
		}
	case labels[last] == "addr" && len(rest) == 1:
		if bytes, err := hex.DecodeString(rest[0]); err == nil && (len(bytes) == net.IPv4len || len(bytes) == net.IPv6len) {
			return records(q, net.IP(bytes).String()), nil, true
		}
	}
	return nil, nil, false
}

// find gives the instances of `NAME`, of `TAG.NAME`, and of `_NAME._TAG` as RFC 2782 writes it, where `_tcp` and `_udp` are no tag.
func (n *names) find(labels []string) []instance {
	name, tag := labels[len(labels)-1], strings.Join(labels[:len(labels)-1], ".")
	if len(labels) == 2 && strings.HasPrefix(labels[0], "_") && strings.HasPrefix(labels[1], "_") {
		name, tag = labels[0][1:], labels[1][1:]
		if tag == "tcp" || tag == "udp" {
			tag = ""
		}
	}
	all, _ := n.catalogue.of(name)
	return tagged(all, tag)
}

// tagged keeps those that have the tag; all for an empty one.
func tagged(all []instance, tag string) []instance {
	if tag == "" {
		return all
	}
	found := []instance{}
	for _, i := range all {
		for _, one := range i.tags {
			if strings.EqualFold(one, tag) {
				found = append(found, i)
				break
			}
		}
	}
	return found
}

// instances begins each answer with another one, so that clients which take the first are spread evenly.
func (n *names) instances(q dns.Question, found []instance) (answers, extra []dns.RR) {
	first := 0
	if len(found) > 1 && (q.Qtype == dns.TypeA || q.Qtype == dns.TypeSRV || q.Qtype == dns.TypeANY) {
		first = int(atomic.AddUint32(&n.turn, 1) % uint32(len(found)))
	}
	seen := map[string]bool{}
	for offset := range found {
		i := found[(first+offset)%len(found)]
		if q.Qtype == dns.TypeSRV {
			target := n.target(i.address)
			answers = append(answers, &dns.SRV{Hdr: header(q.Name, dns.TypeSRV), Priority: 1, Weight: 1, Port: uint16(i.port), Target: target})
			if !seen[i.address] {
				extra = append(extra, records(dns.Question{Name: target, Qtype: dns.TypeANY}, i.address)...)
			}
		} else if !seen[i.address] {
			answers = append(answers, records(q, i.address)...)
		}
		seen[i.address] = true
	}
	return answers, extra
}

// target is a name for an address, as an SRV record needs one.
func (n *names) target(address string) string {
	ip := net.ParseIP(address)
	if four := ip.To4(); four != nil {
		ip = four
	}
	return hex.EncodeToString(ip) + ".addr." + n.datacenter + "." + n.zone
}

// records is the one for an address if that is what was asked for.
func records(q dns.Question, address string) []dns.RR {
	ip := net.ParseIP(address)
	four := ip.To4()
	switch {
	case four != nil && (q.Qtype == dns.TypeA || q.Qtype == dns.TypeANY):
		return []dns.RR{&dns.A{Hdr: header(q.Name, dns.TypeA), A: four}}
	case ip != nil && four == nil && (q.Qtype == dns.TypeAAAA || q.Qtype == dns.TypeANY):
		return []dns.RR{&dns.AAAA{Hdr: header(q.Name, dns.TypeAAAA), AAAA: ip}}
	}
	return nil
}

// soa goes with every "no"; its last number keeps resolvers from remembering that.
func (n *names) soa() *dns.SOA {
	return &dns.SOA{
		Hdr: header(n.zone, dns.TypeSOA), Ns: "ns." + n.zone, Mbox: "hostmaster." + n.zone,
		Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: 0,
	}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 0}
}
