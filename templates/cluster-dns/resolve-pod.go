package main

import (
	"net"
	"strings"

	"github.com/miekg/dns"
)

// resolvePod answers <address with dashes>.<namespace>.pod.<zone> for every address, as the specification's deprecated
// records do: no pod is looked up.
func resolvePod(q dns.Question, labels []string) answer {
	if len(labels) < 2 {
		return answer{exists: true, authoritative: true}
	}
	if len(labels) > 2 {
		return answer{authoritative: true}
	}
	ip := net.ParseIP(strings.ReplaceAll(labels[1], "-", "."))
	if ip == nil {
		ip = net.ParseIP(strings.ReplaceAll(labels[1], "-", ":"))
	}
	if ip == nil {
		return answer{authoritative: true}
	}
	return addresses(q, []net.IP{ip})
}
