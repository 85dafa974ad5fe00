package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// routes leads a name that is not the cluster's to who knows it: the server of a stub zone, else the upstreams.
type routes struct {
	stubs    map[string]*forwarder // by zone, lower case, with the last dot
	upstream *forwarder
}

// newRoutes reads stub zones as `ZONE=IP:PORT,ZONE=IP`. They have no other server: upstreams would say that there is no such name.
func newRoutes(stubs string, upstream *forwarder) (*routes, error) {
	r := &routes{stubs: map[string]*forwarder{}, upstream: upstream}
	for _, stub := range strings.Split(stubs, ",") {
		if stub = strings.TrimSpace(stub); stub == "" {
			continue
		}
		parts := strings.SplitN(stub, "=", 2)
		if _, valid := dns.IsDomainName(parts[0]); !valid || len(parts) != 2 || strings.Trim(parts[0], ".") == "" {
			return nil, fmt.Errorf("--stub has to be ZONE=IP:PORT, not %q", stub)
		}
		server := withPort(parts[1])
		if host, _, err := net.SplitHostPort(server); err != nil || net.ParseIP(host) == nil {
			return nil, fmt.Errorf("--stub %s: %q is no address", parts[0], parts[1])
		}
		zone := strings.ToLower(dns.Fqdn(parts[0]))
		if r.stubs[zone] != nil {
			return nil, fmt.Errorf("--stub names the zone %s twice", parts[0])
		}
		r.stubs[zone] = newForwarder([]string{server})
	}
	return r, nil
}

// to is the forwarder of the longest zone that contains the name; stub tells whether it is that of a stub zone.
func (r *routes) to(name string) (f *forwarder, stub bool) {
	labels := dns.Split(name)
	for _, start := range labels {
		if found := r.stubs[strings.ToLower(dns.Fqdn(name[start:]))]; found != nil {
			return found, true
		}
	}
	return r.upstream, false
}
