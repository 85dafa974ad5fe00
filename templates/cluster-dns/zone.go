package main

import (
	"strings"

	"github.com/miekg/dns"
)

// Seconds. Short, because pods come and go; also how long a "no such name" is believed.
const ttl = 5

const schemaVersion = "1.1.0"

// answer is what the zone says of one question. exists tells NODATA (the name is there, this type is not) from NXDOMAIN.
type answer struct {
	exists        bool
	records       []dns.RR
	extra         []dns.RR
	authoritative bool
}

type zone struct {
	name    string // lower case, with the last dot
	cluster *cluster
	forward *routes
}

func (z *zone) contains(name string) bool { return dns.IsSubDomain(z.name, strings.ToLower(name)) }

// resolve answers a question whose name is in the zone.
func (z *zone) resolve(q dns.Question) answer {
	labels := reversed(strings.ToLower(strings.TrimSuffix(q.Name[:len(q.Name)-len(z.name)], ".")))
	if len(labels) == 0 {
		return only(q, dns.TypeSOA, z.soa())
	}
	switch labels[0] {
	case "dns-version":
		if len(labels) == 1 {
			return only(q, dns.TypeTXT, &dns.TXT{Hdr: header(q.Name, dns.TypeTXT), Txt: []string{schemaVersion}})
		}
	case "svc":
		return z.resolveService(q, labels[1:])
	case "pod":
		return resolvePod(q, labels[1:])
	}
	return answer{authoritative: true}
}

// only answers for a name that has one record.
func only(q dns.Question, kind uint16, record dns.RR) answer {
	a := answer{exists: true, authoritative: true}
	if q.Qtype == kind {
		a.records = []dns.RR{record}
	}
	return a
}

// soa goes with every "no": its last number tells resolvers how long to remember that.
func (z *zone) soa() *dns.SOA {
	return &dns.SOA{
		Hdr: header(z.name, dns.TypeSOA), Ns: "ns.dns." + z.name, Mbox: "hostmaster." + z.name,
		Serial: 1, Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: ttl,
	}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

// reversed splits a name below the zone, the label next to the zone first.
func reversed(name string) []string {
	if name == "" {
		return nil
	}
	labels := strings.Split(name, ".")
	for i, j := 0, len(labels)-1; i < j; i, j = i+1, j-1 {
		labels[i], labels[j] = labels[j], labels[i]
	}
	return labels
}
