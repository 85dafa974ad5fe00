package main

import (
	"net"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

func isHeadless(s *corev1.Service) bool {
	return s.Spec.Type != corev1.ServiceTypeExternalName && s.Spec.ClusterIP == corev1.ClusterIPNone
}

// clusterIPs are both families' addresses; before 1.20 there is only the one field.
func clusterIPs(s *corev1.Service) []string {
	if s.Spec.Type == corev1.ServiceTypeExternalName || isHeadless(s) {
		return nil
	}
	if len(s.Spec.ClusterIPs) > 0 {
		return s.Spec.ClusterIPs
	}
	return []string{s.Spec.ClusterIP}
}

// endpointHostname is the endpoint's label under its Service: the one its pod asked for, or the address with dashes.
func endpointHostname(a corev1.EndpointAddress) string {
	if a.Hostname != "" {
		return strings.ToLower(a.Hostname)
	}
	return dashed(net.ParseIP(a.IP))
}

func dashed(ip net.IP) string {
	return strings.NewReplacer(".", "-", ":", "-").Replace(ip.String())
}

// canonical gives addresses one spelling, as IPv6 has many; what is not an address is left out.
func canonical(addresses []string) (ips []string) {
	for _, a := range addresses {
		if ip := net.ParseIP(a); ip != nil {
			ips = append(ips, ip.String())
		}
	}
	return ips
}
