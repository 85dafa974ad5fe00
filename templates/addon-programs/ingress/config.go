package ingress

import (
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"
)

// files are what haproxy reads of a plan, by their names. What is the same for every plan comes to it later.
type files map[string]string

const (
	configFile, exactFile, prefixFile, hostsFile = "haproxy.cfg", "exact.map", "prefix.map", "hosts.list"
)

// files have their lines in a fixed order, so that equal plans have equal files.
func (p *plan) files() files {
	f := files{exactFile: table(p.exact, " "), prefixFile: table(p.prefix, " ")}
	var text strings.Builder
	for _, name := range sortedKeys(p.backends) {
		fmt.Fprintf(&text, "backend %s\n%s", name, p.backends[name])
	}
	f[configFile] = text.String()
	hosts := map[string]string{}
	for host, file := range p.hosts {
		hosts[file+" "+host] = ""
	}
	f[hostsFile] = table(hosts, "")
	for name, certificate := range p.certificates {
		f[name] = certificate
	}
	return f
}

// table has a line for each key.
func table(lines map[string]string, between string) string {
	var text strings.Builder
	for _, key := range sortedKeys(lines) {
		fmt.Fprintf(&text, "%s%s%s\n", key, between, lines[key])
	}
	return text.String()
}

func sortedKeys(of map[string]string) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (f files) digest() string {
	hash := sha256.New()
	for _, name := range sortedKeys(f) {
		fmt.Fprintf(hash, "%q %q\n", name, f[name])
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

// mainFile is what is the same for every plan. All paths are relative to the folder in which haproxy is started.
const mainFile = `global
  maxconn 4000
  nbthread 2
  log stdout format raw local0 err
  # The next haproxy takes the listening sockets over from here, so that no connection is refused between the two.
  stats socket unix@{socket} mode 600 level admin expose-fd listeners
  # How long this one stays for connections that were there when the next one came.
  hard-stop-after 1h
  ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
  mode http
  log global
  timeout connect 5s
  timeout http-request 10s
  timeout http-keep-alive 60s
  timeout client 60s
  timeout server 60s
  # Websockets.
  timeout tunnel 1h
  timeout client-fin 30s
  # A pod that has just gone is not yet out of the list.
  retries 3
  option redispatch 1
  balance roundrobin

frontend ingress
  bind {http}
  bind {https} ssl crt default.pem crt-list hosts.list alpn h2,http/1.1
  # While it ends, a connection without a request is closed after the next answer: a client may be about to send one.
  option idle-close-on-response
  # A host is followed by a path in the keys of the tables; it has no slash of its own.
  http-request deny deny_status 400 if { req.hdr(host) -m sub / }
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  # The host itself, then all hosts of its domain, then all hosts; of each whole paths, then the longest prefix.
  http-request set-var(txn.host) req.hdr(host),host_only,lower
  http-request set-var(txn.domain) var(txn.host),regsub(^[^.]*,*)
  http-request set-var-fmt(txn.key) %[var(txn.host)]%[path]
  http-request set-var(txn.backend) var(txn.key),map_str(exact.map)
  http-request set-var(txn.backend) var(txn.key),concat(/),map_beg(prefix.map) if !{ var(txn.backend) -m found }
  http-request set-var-fmt(txn.key) %[var(txn.domain)]%[path]
  http-request set-var(txn.backend) var(txn.key),map_str(exact.map) if !{ var(txn.backend) -m found }
  http-request set-var(txn.backend) var(txn.key),concat(/),map_beg(prefix.map) if !{ var(txn.backend) -m found }
  http-request set-var(txn.backend) path,map_str(exact.map) if !{ var(txn.backend) -m found }
  http-request set-var(txn.backend) path,concat(/),map_beg(prefix.map) if !{ var(txn.backend) -m found }
  use_backend %[var(txn.backend)] if { var(txn.backend) -m found }
  default_backend nothing

backend nothing
  http-request return status 404 content-type text/plain string "no Ingress has this host and path\n"

`
