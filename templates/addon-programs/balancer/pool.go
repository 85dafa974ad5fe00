package balancer

import (
	"bytes"
	"fmt"
	"net"
	"strings"
)

const (
	firstOfNode, lastOfNode = 200, 250
	largestPool             = 1024
)

// pool is the range that addresses are taken from, both ends included.
type pool struct{ first, last net.IP }

func newPool(ranges string, node net.IP) (pool, error) {
	if ranges == "" {
		at := func(last byte) net.IP { return net.IPv4(node[0], node[1], node[2], last).To4() }
		return pool{at(firstOfNode), at(lastOfNode)}, nil
	}
	ends := strings.SplitN(ranges, "-", 2)
	if _, network, err := net.ParseCIDR(ranges); err == nil && network.IP.To4() != nil {
		last := make(net.IP, net.IPv4len)
		for i := range last {
			last[i] = network.IP[i] | ^network.Mask[i]
		}
		ends = []string{network.IP.String(), last.String()}
	}
	p := pool{net.ParseIP(ends[0]).To4(), net.ParseIP(ends[len(ends)-1]).To4()}
	if p.first == nil || p.last == nil || bytes.Compare(p.first, p.last) > 0 {
		return p, fmt.Errorf("%q is no range of IPv4 addresses, as 192.168.1.200-192.168.1.250 and 192.168.1.200/29 are", ranges)
	}
	if p.size() > largestPool {
		return p, fmt.Errorf("%s has more than %d addresses", ranges, largestPool)
	}
	return p, nil
}

func number(ip net.IP) uint32 {
	ip = ip.To4()
	return uint32(ip[0])<<24 | uint32(ip[1])<<16 | uint32(ip[2])<<8 | uint32(ip[3])
}

func (p pool) size() uint32 { return number(p.last) - number(p.first) + 1 }

func (p pool) contains(address string) bool {
	ip := net.ParseIP(address).To4()
	return ip != nil && number(p.first) <= number(ip) && number(ip) <= number(p.last)
}

// free is the first address that is not taken; empty when there is none.
func (p pool) free(taken map[string]bool) string {
	for n := number(p.first); n <= number(p.last); n++ {
		if address := net.IPv4(byte(n>>24), byte(n>>16), byte(n>>8), byte(n)).String(); !taken[address] {
			return address
		}
	}
	return ""
}
