package main

import (
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

// Names an alias may lead through; more is taken for a circle.
const maxAliases = 8

// resolveExternal answers with the alias and, for an address question, with what the alias leads to, since stub
// resolvers do not follow it themselves. When the target cannot be asked the alias alone is still true.
func (z *zone) resolveExternal(q dns.Question, s *corev1.Service) answer {
	a := answer{exists: true, authoritative: true}
	owner := q.Name
	for hop := 0; hop < maxAliases; hop++ {
		target := strings.ToLower(dns.Fqdn(s.Spec.ExternalName))
		if _, valid := dns.IsDomainName(target); !valid || target == "." {
			return a
		}
		a.records = append(a.records, &dns.CNAME{Hdr: header(owner, dns.TypeCNAME), Target: target})
		if q.Qtype != dns.TypeA && q.Qtype != dns.TypeAAAA {
			return a
		}
		next := dns.Question{Name: target, Qtype: q.Qtype, Qclass: q.Qclass}
		if !z.contains(target) {
			server, _ := z.forward.to(target)
			if reply := server.lookup(next); reply != nil {
				a.records = append(a.records, reply.Answer...)
			}
			return a
		}
		if s = z.external(target); s == nil {
			a.records = append(a.records, z.resolve(next).records...)
			return a
		}
		owner = target
	}
	return a
}

// external is the ExternalName Service of that name, if it is one: aliases are walked in a loop, never by recursion.
func (z *zone) external(name string) *corev1.Service {
	labels := reversed(strings.TrimSuffix(strings.TrimSuffix(name, z.name), "."))
	if len(labels) != 3 || labels[0] != "svc" {
		return nil
	}
	if s := z.cluster.service(labels[1], labels[2]); s != nil && s.Spec.Type == corev1.ServiceTypeExternalName {
		return s
	}
	return nil
}
