package main

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

const resolvConf = "/etc/resolv.conf"

// findUpstreams gives the name servers to forward to as host:port: the listed ones, or those of resolv.conf but for
// ourselves. A pod often inherits its host's 127.0.0.53, which inside the pod is this very program.
func findUpstreams(listed, listen string) (servers []string, err error) {
	if listed != "" {
		for _, server := range strings.Split(listed, ",") {
			servers = append(servers, withPort(strings.TrimSpace(server)))
		}
		return servers, nil
	}
	config, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, err
	}
	_, ownPort, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, server := range config.Servers {
		if ownPort != config.Port || !isOwn(server, own) {
			servers = append(servers, net.JoinHostPort(server, config.Port))
		}
	}
	if len(servers) == 0 {
		return nil, errors.New(resolvConf + " names no server but ourselves")
	}
	return servers, nil
}

func isOwn(server string, own []net.Addr) bool {
	ip := net.ParseIP(strings.SplitN(server, "%", 2)[0])
	if ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	for _, address := range own {
		if network, ok := address.(*net.IPNet); ok && network.IP.Equal(ip) {
			return true
		}
	}
	return false
}

func withPort(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), "53")
}
