package main

import (
	"encoding/hex"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// resolveReverse names the Service or the headless endpoint that has the address. exists is false for every other
// address: those belong to other name servers, not to us.
func (z *zone) resolveReverse(q dns.Question) answer {
	ip := reverseIP(q.Name)
	if ip == nil {
		return answer{}
	}
	var names []string
	for _, s := range z.cluster.servicesByIP(ip) {
		names = append(names, z.serviceName(s))
	}
	if len(names) == 0 {
		for _, s := range z.cluster.headlessByIP(ip) {
			for _, e := range z.cluster.published(s) {
				if e.ip.Equal(ip) {
					names = append(names, e.hostname+"."+z.serviceName(s))
				}
			}
		}
	}
	a := answer{exists: len(names) > 0, authoritative: true}
	seen := map[string]bool{}
	for _, name := range names {
		if q.Qtype == dns.TypePTR && !seen[name] {
			seen[name] = true
			a.records = append(a.records, &dns.PTR{Hdr: header(q.Name, dns.TypePTR), Ptr: name})
		}
	}
	return a
}

// reverseIP reads a whole address out of a name below in-addr.arpa or ip6.arpa; nil for anything else.
func reverseIP(name string) net.IP {
	name = strings.ToLower(name)
	if v4 := strings.TrimSuffix(name, ".in-addr.arpa."); v4 != name {
		ip := net.ParseIP(strings.Join(reversed(v4), "."))
		if ip == nil || ip.To4() == nil {
			return nil
		}
		return ip
	}
	if v6 := strings.TrimSuffix(name, ".ip6.arpa."); v6 != name {
		digits := reversed(v6)
		bytes, err := hex.DecodeString(strings.Join(digits, ""))
		if err != nil || len(digits) != 2*net.IPv6len || len(bytes) != net.IPv6len {
			return nil
		}
		return net.IP(bytes)
	}
	return nil
}
