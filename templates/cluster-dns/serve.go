package main

import (
	"net/http"
	"sync/atomic"

	"github.com/miekg/dns"
)

// serveDNS listens by UDP and TCP; what ends a listener goes to failed.
func serveDNS(address string, h dns.Handler, failed chan<- error) {
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: address, Net: network, Handler: h, UDPSize: dns.MaxMsgSize}
		go func() { failed <- server.ListenAndServe() }()
	}
}

// probes are the two pages kubelet asks, on CoreDNS's ports and paths so that one Deployment fits both.
// health: the process answers. ready: the first lists have come, names can be answered, and we are not about to go.
type probes struct {
	ready   func() bool
	leaving atomic.Bool
}

func (p *probes) serve(healthAddress, readyAddress string, failed chan<- error) {
	health := func() bool { return true }
	ready := func() bool { return p.ready() && !p.leaving.Load() }
	for _, page := range []struct {
		address, path string
		good          func() bool
	}{{healthAddress, "/health", health}, {readyAddress, "/ready", ready}} {
		if page.address == "" {
			continue
		}
		page := page
		mux := http.NewServeMux()
		mux.HandleFunc(page.path, func(w http.ResponseWriter, _ *http.Request) {
			if !page.good() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = w.Write([]byte("OK"))
		})
		go func() { failed <- http.ListenAndServe(page.address, mux) }()
	}
}
