package consul

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What a Service says of itself. Those of consul-k8s mean the same here as they do there, so that one manifest fits both.
const (
	ownName     = "localkube.local/consul-name"
	ownTags     = "localkube.local/consul-tags"
	theirName   = "consul.hashicorp.com/service-name"
	theirTags   = "consul.hashicorp.com/service-tags"
	theirPort   = "consul.hashicorp.com/service-port"
	theirSync   = "consul.hashicorp.com/service-sync"
	outsideNode = "outside" // of addresses that are on no node
)

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// nameOf is the name under which a Service is found; wanted is false for one that does not want to be.
func nameOf(s *corev1.Service) (name string, wanted bool) {
	if sync, err := strconv.ParseBool(s.Annotations[theirSync]); err == nil && !sync {
		return "", false
	}
	for _, key := range []string{ownName, theirName} {
		if name := strings.ToLower(strings.TrimSpace(s.Annotations[key])); label.MatchString(name) {
			return name, true
		}
	}
	if s.Namespace == corev1.NamespaceDefault {
		return s.Name, true
	}
	return s.Name + "-" + s.Namespace, true
}

func tagsOf(s *corev1.Service) []string {
	tags := []string{}
	text, own := s.Annotations[ownTags]
	if !own {
		text = s.Annotations[theirTags]
	}
	for _, tag := range strings.Split(text, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// instancesOf are the ready addresses of a Service, each once, with the port that was asked for.
func instancesOf(s *corev1.Service, name string, e *corev1.Endpoints, known map[string]node) []instance {
	found := []instance{}
	places := map[string]int{}
	tags := tagsOf(s)
	for _, subset := range e.Subsets {
		port, wanted := portOf(s, subset.Ports)
		for _, a := range subset.Addresses {
			place, again := places[a.IP]
			if !again {
				place = len(found)
				places[a.IP] = place
				found = append(found, instance{
					name: name, address: a.IP, port: port, tags: tags, node: node{name: outsideNode, address: a.IP},
					id:   fmt.Sprintf("%s/%s/%s", s.Namespace, s.Name, a.IP),
					meta: map[string]string{"external-source": "kubernetes", "external-k8s-ns": s.Namespace},
				})
			}
			one := &found[place]
			if wanted {
				one.port = port
			}
			if a.NodeName != nil {
				one.node = node{name: *a.NodeName, address: a.IP}
				if there, is := known[*a.NodeName]; is {
					one.node = there
				}
			}
			for _, p := range subset.Ports {
				if p.Name != "" {
					one.meta["port-"+p.Name] = strconv.Itoa(int(p.Port))
				}
			}
		}
	}
	return found
}

// portOf chooses among the ports of a subset: the one that an annotation names, else that of the Service's first port, else any.
func portOf(s *corev1.Service, ports []corev1.EndpointPort) (port int, wanted bool) {
	asked := s.Annotations[theirPort]
	if asked == "" && len(s.Spec.Ports) > 0 {
		asked = s.Spec.Ports[0].Name
	}
	if number, err := strconv.Atoi(asked); err == nil {
		return number, true
	}
	for _, p := range ports {
		if p.Name == asked {
			return int(p.Port), true
		}
	}
	if len(ports) == 0 {
		return 0, false
	}
	return int(ports[0].Port), false
}
