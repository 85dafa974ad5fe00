package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// hosts are names outside of the cluster whose addresses are known here: nobody else is asked for them.
type hosts map[string][]net.IP // by name, lower case, with the last dot

// newHosts reads `NAME=IP,NAME=IP`; a name that is there several times has all of its addresses.
func newHosts(text string) (hosts, error) {
	h := hosts{}
	for _, host := range strings.Split(text, ",") {
		if host = strings.TrimSpace(host); host == "" {
			continue
		}
		parts := strings.SplitN(host, "=", 2)
		if _, valid := dns.IsDomainName(parts[0]); !valid || len(parts) != 2 || strings.Trim(parts[0], ".") == "" {
			return nil, fmt.Errorf("--host has to be NAME=IP, not %q", host)
		}
		ip := net.ParseIP(parts[1])
		if ip == nil {
			return nil, fmt.Errorf("--host %s: %q is no address", parts[0], parts[1])
		}
		name := strings.ToLower(dns.Fqdn(parts[0]))
		h[name] = append(h[name], ip)
	}
	return h, nil
}

// resolve answers for a name that is among them; false for any other.
func (h hosts) resolve(q dns.Question) (answer, bool) {
	ips, found := h[strings.ToLower(q.Name)]
	if !found {
		return answer{}, false
	}
	return addresses(q, ips), true
}
