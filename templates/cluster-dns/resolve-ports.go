package main

import (
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

// target is where an SRV record points: a host below the zone with its addresses.
type target struct {
	host  string
	port  int32
	hosts []dns.RR
}

// resolvePorts answers _port._proto.<service>; labels are the protocol and, when asked for, the port.
// A protocol alone is an empty name above its ports: it exists, but has no records.
func (z *zone) resolvePorts(q dns.Question, s *corev1.Service, endpoints []endpoint, labels []string) answer {
	a := answer{authoritative: true}
	if len(labels) > 2 || (len(labels) == 2 && !strings.HasPrefix(labels[1], "_")) {
		return a
	}
	wanted := func(name string, protocol corev1.Protocol) bool {
		return name != "" && strings.EqualFold(labels[0], "_"+string(protocol)) &&
			(len(labels) == 1 || strings.EqualFold(labels[1], "_"+name))
	}
	targets := z.targets(s, endpoints, wanted)
	a.exists = len(targets) > 0
	if q.Qtype != dns.TypeSRV || len(labels) < 2 {
		return a
	}
	shown := map[string]bool{}
	for _, t := range targets {
		srv := &dns.SRV{Hdr: header(q.Name, dns.TypeSRV), Weight: 100, Port: uint16(t.port), Target: t.host}
		a.records = append(a.records, srv)
		if !shown[t.host] {
			a.extra = append(a.extra, t.hosts...)
			shown[t.host] = true
		}
	}
	return a
}

func (z *zone) targets(s *corev1.Service, endpoints []endpoint, wanted func(string, corev1.Protocol) bool) (found []target) {
	base := z.serviceName(s)
	if !isHeadless(s) {
		var hosts []dns.RR
		for _, ip := range parseIPs(clusterIPs(s)) {
			hosts = append(hosts, addressRecord(base, ip))
		}
		for _, p := range s.Spec.Ports {
			if wanted(p.Name, p.Protocol) {
				found = append(found, target{base, p.Port, hosts})
			}
		}
		return found
	}
	seen := map[shownTarget]bool{}
	for _, e := range endpoints {
		host := e.hostname + "." + base
		for _, p := range e.ports {
			key := shownTarget{host, e.ip.String(), p.Port}
			if wanted(p.Name, p.Protocol) && !seen[key] {
				seen[key] = true
				found = append(found, target{host, p.Port, []dns.RR{addressRecord(host, e.ip)}})
			}
		}
	}
	return found
}

func (z *zone) serviceName(s *corev1.Service) string {
	return strings.ToLower(s.Name + "." + s.Namespace + ".svc." + z.name)
}

// shownTarget keeps one SRV record per host, address and port though subsets may repeat them.
type shownTarget struct {
	host, ip string
	port     int32
}
