package main

import (
	"math/rand"
	"net"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

// resolveService answers for what stands below svc.<zone>; labels are namespace, service and the rest, outermost first.
func (z *zone) resolveService(q dns.Question, labels []string) answer {
	switch len(labels) {
	case 0:
		return answer{exists: true, authoritative: true}
	case 1:
		return answer{exists: z.cluster.hasNamespace(labels[0]), authoritative: true}
	}
	s := z.cluster.service(labels[0], labels[1])
	if s == nil {
		return answer{authoritative: true}
	}
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		if len(labels) == 2 {
			return z.resolveExternal(q, s)
		}
		return answer{authoritative: true}
	}
	endpoints := z.cluster.published(s)
	if isHeadless(s) && len(endpoints) == 0 {
		return answer{authoritative: true} // the specification wants NXDOMAIN here
	}
	switch {
	case len(labels) == 2 && isHeadless(s):
		return addresses(q, endpointIPs(endpoints, ""))
	case len(labels) == 2:
		return addresses(q, parseIPs(clusterIPs(s)))
	case strings.HasPrefix(labels[2], "_"):
		return z.resolvePorts(q, s, endpoints, labels[2:])
	case len(labels) == 3:
		return addresses(q, endpointIPs(endpoints, labels[2]))
	}
	return answer{authoritative: true}
}

// addresses answers A and AAAA; a name with no address at all does not exist. The order changes from answer to
// answer, so that clients which take the first one spread over all.
func addresses(q dns.Question, ips []net.IP) answer {
	a := answer{exists: len(ips) > 0, authoritative: true}
	for _, i := range rand.Perm(len(ips)) {
		if record := addressRecord(q.Name, ips[i]); q.Qtype == record.Header().Rrtype {
			a.records = append(a.records, record)
		}
	}
	return a
}

func addressRecord(name string, ip net.IP) dns.RR {
	if v4 := ip.To4(); v4 != nil {
		return &dns.A{Hdr: header(name, dns.TypeA), A: v4}
	}
	return &dns.AAAA{Hdr: header(name, dns.TypeAAAA), AAAA: ip}
}

// endpointIPs are the addresses with that hostname, or all; each once, though an address may be in several subsets.
func endpointIPs(endpoints []endpoint, hostname string) (ips []net.IP) {
	seen := map[string]bool{}
	for _, e := range endpoints {
		if key := e.ip.String(); (hostname == "" || e.hostname == hostname) && !seen[key] {
			seen[key] = true
			ips = append(ips, e.ip)
		}
	}
	return ips
}

func parseIPs(texts []string) (ips []net.IP) {
	for _, text := range texts {
		if ip := net.ParseIP(text); ip != nil {
			ips = append(ips, ip)
		}
	}
	return ips
}
