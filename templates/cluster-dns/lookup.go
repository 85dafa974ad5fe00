package main

import (
	"net"

	corev1 "k8s.io/api/core/v1"
)

// endpoint is one address behind a Service, with the ports of its subset.
type endpoint struct {
	ip       net.IP
	hostname string
	ports    []corev1.EndpointPort
}

// service finds a Service by lower-case names; nil when there is none.
func (c *cluster) service(namespace, name string) *corev1.Service {
	if o, found, _ := c.services.GetByKey(namespace + "/" + name); found {
		return o.(*corev1.Service)
	}
	return nil
}

func (c *cluster) hasNamespace(name string) bool {
	found, _ := c.services.IndexKeys(byNamespace, name)
	return len(found) > 0
}

func (c *cluster) servicesByIP(ip net.IP) (found []*corev1.Service) {
	objects, _ := c.services.ByIndex(byAddress, ip.String())
	for _, o := range objects {
		found = append(found, o.(*corev1.Service))
	}
	return found
}

// headlessByIP finds the headless Services that have a published endpoint with this address.
func (c *cluster) headlessByIP(ip net.IP) (found []*corev1.Service) {
	objects, _ := c.endpoints.ByIndex(byAddress, ip.String())
	for _, o := range objects {
		meta := o.(*corev1.Endpoints)
		if s := c.service(meta.Namespace, meta.Name); s != nil && isHeadless(s) {
			found = append(found, s)
		}
	}
	return found
}

// published are the Service's endpoints that DNS shows: the ready ones, or all where the Service asks for that.
func (c *cluster) published(s *corev1.Service) (found []endpoint) {
	o, exists, _ := c.endpoints.GetByKey(s.Namespace + "/" + s.Name)
	if !exists {
		return nil
	}
	all := s.Spec.PublishNotReadyAddresses ||
		s.Annotations["service.alpha.kubernetes.io/tolerate-unready-endpoints"] == "true"
	for _, subset := range o.(*corev1.Endpoints).Subsets {
		add := func(addresses []corev1.EndpointAddress) {
			for _, a := range addresses {
				if ip := net.ParseIP(a.IP); ip != nil {
					found = append(found, endpoint{ip, endpointHostname(a), subset.Ports})
				}
			}
		}
		add(subset.Addresses)
		if all {
			add(subset.NotReadyAddresses)
		}
	}
	return found
}
