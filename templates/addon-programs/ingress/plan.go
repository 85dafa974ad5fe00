package ingress

import (
	"fmt"
	"regexp"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// A plan is what haproxy is to do. Keys of paths are the host and the path without anything between them: `web.example/shop/`. The host is empty for
// all hosts, or `*.example` for all that have one label more.
type plan struct {
	// exact are whole paths; prefixes end with a slash, so that they end where an element does. To which backend they lead.
	exact, prefix map[string]string
	// The lines of each in the configuration.
	backends map[string]string
	// PEM texts by the name of their file, and which of them shows itself for a host.
	certificates map[string]string
	hosts        map[string]string
	// Whose a key or a host is, for those who come later.
	owners map[string]string
}

var (
	hostPattern = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	// What a path in a request may have (RFC 3986), in which nothing means anything to haproxy.
	pathPattern = regexp.MustCompile(`^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$`)
)

const (
	longestHost = 253
	longestPath = 2000
)

// plan is made of the Ingresses in their order; what is wrong with a part of one is added to problems, and the rest of it counts.
func (c *controller) plan(ingresses []*networkingv1.Ingress, problems problems) *plan {
	p := &plan{
		exact: map[string]string{}, prefix: map[string]string{}, backends: map[string]string{},
		certificates: map[string]string{}, hosts: map[string]string{}, owners: map[string]string{},
	}
	for _, ingress := range ingresses {
		for _, rule := range ingress.Spec.Rules {
			c.addRule(p, ingress, rule, problems)
		}
		for _, entry := range ingress.Spec.TLS {
			c.addCertificate(p, ingress, entry, problems)
		}
	}
	// What an Ingress wants for all the rest of its hosts comes after what any of them wants for a path.
	for _, ingress := range ingresses {
		c.addDefault(p, ingress, problems)
	}
	return p
}

func (c *controller) addRule(p *plan, ingress *networkingv1.Ingress, rule networkingv1.IngressRule, problems problems) {
	if !isHost(rule.Host) {
		problems.add(ingress, problem{reason: "BadHost", message: fmt.Sprintf("%.100q is no host name", rule.Host)})
		return
	}
	if rule.HTTP == nil {
		return
	}
	for _, path := range rule.HTTP.Paths {
		kind := networkingv1.PathTypeImplementationSpecific
		if path.PathType != nil {
			kind = *path.PathType
		}
		text := path.Path
		if text == "" && kind == networkingv1.PathTypeImplementationSpecific {
			text = "/"
		}
		if len(text) > longestPath || !pathPattern.MatchString(text) {
			problems.add(ingress, problem{reason: "BadPath", message: fmt.Sprintf("%.100q is no path of a URL, so it is left out", path.Path)})
			continue
		}
		table, key := p.prefix, rule.Host+strings.TrimRight(text, "/")+"/"
		if kind == networkingv1.PathTypeExact {
			table, key = p.exact, rule.Host+text
		}
		whose := string(kind) + " " + key
		if kind == networkingv1.PathTypeImplementationSpecific {
			whose = string(networkingv1.PathTypePrefix) + " " + key
		}
		if owner, taken := p.owners[whose]; taken {
			if owner != nameOf(ingress) {
				problems.add(ingress, problem{reason: "PathTaken", message: fmt.Sprintf("the path %s%s is that of the older Ingress %s", rule.Host, text, owner)})
			}
			continue
		}
		if name := c.addBackend(p, ingress, path.Backend, problems); name != "" {
			p.owners[whose] = nameOf(ingress)
			table[key] = name
		}
	}
}

func (c *controller) addDefault(p *plan, ingress *networkingv1.Ingress, problems problems) {
	if ingress.Spec.DefaultBackend == nil {
		return
	}
	hosts := map[string]bool{}
	for _, rule := range ingress.Spec.Rules {
		if isHost(rule.Host) {
			hosts[rule.Host] = true
		}
	}
	if len(ingress.Spec.Rules) == 0 {
		hosts[""] = true
	}
	for host := range hosts {
		if _, taken := p.prefix[host+"/"]; taken {
			continue
		}
		if name := c.addBackend(p, ingress, *ingress.Spec.DefaultBackend, problems); name != "" {
			p.prefix[host+"/"] = name
		}
	}
}

// isHost is also true for no host, which is all hosts.
func isHost(host string) bool {
	return host == "" || len(host) <= longestHost && hostPattern.MatchString(host)
}
