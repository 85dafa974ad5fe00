package ingress

import (
	"fmt"
	"net"
	"regexp"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// A backend is a port of a Service: the addresses of its pods that are ready. With none of them haproxy answers 503.
type backend struct {
	servers []string
	// How haproxy speaks with them, as words of its `server` line; plain HTTP/1.1 without.
	protocol string
}

func (b backend) lines() string {
	var text strings.Builder
	for i, server := range b.servers {
		fmt.Fprintf(&text, "  server pod%d %s %s\n", i+1, server, b.protocol)
	}
	return text.String()
}

var (
	labelPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	protocols    = map[string]string{
		// The certificates of pods are made by nobody whom haproxy could ask.
		"https":              "ssl verify none",
		"kubernetes.io/h2c":  "proto h2",
		"kubernetes.io/ws":   "",
		"kubernetes.io/wss":  "ssl verify none",
		"kubernetes.io/h2cs": "ssl verify none alpn h2",
	}
)

// addBackend returns the backend's name, `namespace:service:port`; empty when there can be none, which is a problem. What is not there yet has one
// that answers 503.
func (c *controller) addBackend(p *plan, ingress *networkingv1.Ingress, wanted networkingv1.IngressBackend, problems problems) string {
	if wanted.Service == nil {
		problems.add(ingress, problem{reason: "BadBackend", message: "a backend that is no Service cannot be served"})
		return ""
	}
	namespace, service, port := ingress.Namespace, wanted.Service.Name, wanted.Service.Port.Name
	if port == "" {
		port = strconv.Itoa(int(wanted.Service.Port.Number))
	}
	for _, label := range []string{namespace, service, port} {
		if !labelPattern.MatchString(label) {
			problems.add(ingress, problem{reason: "BadBackend", message: fmt.Sprintf("%.100q is no name of a Service or port", label)})
			return ""
		}
	}
	name := namespace + ":" + service + ":" + port
	found, err := c.backendOf(namespace, service, wanted.Service.Port)
	if err != nil {
		problems.add(ingress, problem{reason: "NoBackend", message: err.Error(), mayCome: true})
	}
	p.backends[name] = found.lines()
	return name
}

func (c *controller) backendOf(namespace, name string, wanted networkingv1.ServiceBackendPort) (backend, error) {
	object, exists, _ := c.services.GetByKey(namespace + "/" + name)
	if !exists {
		return backend{}, fmt.Errorf("there is no Service %s", name)
	}
	service := object.(*corev1.Service)
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return backend{}, fmt.Errorf("the Service %s is of type ExternalName, which cannot be served", name)
	}
	port := portOf(service, wanted)
	if port == nil {
		return backend{}, fmt.Errorf("the Service %s has no port %s", name, (&wanted).String())
	}
	return backend{servers: c.serversOf(namespace, name, port.Name), protocol: protocolOf(port)}, nil
}

func portOf(service *corev1.Service, wanted networkingv1.ServiceBackendPort) *corev1.ServicePort {
	for i, port := range service.Spec.Ports {
		isWanted := port.Port == wanted.Number
		if wanted.Name != "" {
			isWanted = port.Name == wanted.Name
		}
		if isWanted && (port.Protocol == corev1.ProtocolTCP || port.Protocol == "") {
			return &service.Spec.Ports[i]
		}
	}
	return nil
}

// protocolOf is as other controllers guess it where the port does not say.
func protocolOf(port *corev1.ServicePort) string {
	if port.AppProtocol != nil {
		return protocols[*port.AppProtocol]
	}
	if port.Name == "https" || port.Port == 443 {
		return protocols["https"]
	}
	return ""
}

func (c *controller) serversOf(namespace, name, port string) []string {
	object, exists, _ := c.endpoints.GetByKey(namespace + "/" + name)
	if !exists {
		return nil
	}
	found := map[string]bool{}
	for _, subset := range object.(*corev1.Endpoints).Subsets {
		for _, one := range subset.Ports {
			if one.Name != port || one.Protocol != corev1.ProtocolTCP && one.Protocol != "" {
				continue
			}
			for _, address := range subset.Addresses {
				if ip := net.ParseIP(address.IP); ip != nil && one.Port > 0 {
					found[net.JoinHostPort(ip.String(), strconv.Itoa(int(one.Port)))] = true
				}
			}
		}
	}
	servers := make([]string, 0, len(found))
	for server := range found {
		servers = append(servers, server)
	}
	sort.Strings(servers)
	return servers
}
