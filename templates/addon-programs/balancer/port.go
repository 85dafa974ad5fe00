package balancer

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// Ours are told from the node's own addresses by their label, `<interface>:lb`; that is all the state there is of them.
const labelEnd = ":lb"

// port is the node's interface. Its addresses for Services are of one host each, /32, so that they change no routes.
type port struct{ link netlink.Link }

// findPort is the interface that has the node's address.
func findPort(node net.IP) (*port, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err != nil {
			return nil, err
		}
		for _, address := range addresses {
			if address.IP.Equal(node) {
				return &port{link}, nil
			}
		}
	}
	return nil, fmt.Errorf("no interface here has the address %s", node)
}

func (p *port) name() string  { return p.link.Attrs().Name }
func (p *port) label() string { return p.name() + labelEnd }

// others are the addresses that this program did not add.
func (p *port) others() (map[string]bool, error) {
	found := map[string]bool{}
	addresses, err := netlink.AddrList(p.link, netlink.FAMILY_V4)
	for _, address := range addresses {
		if address.Label != p.label() {
			found[address.IP.String()] = true
		}
	}
	return found, err
}

// have makes those the addresses with our label, and touches no other one. Idempotent.
func (p *port) have(wanted map[string]bool) error {
	addresses, err := netlink.AddrList(p.link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, address := range addresses {
		address := address
		present[address.IP.String()] = true
		if address.Label == p.label() && !wanted[address.IP.String()] {
			if err := netlink.AddrDel(p.link, &address); err != nil {
				return err
			}
		}
	}
	for one := range wanted {
		if present[one] {
			continue
		}
		host := &net.IPNet{IP: net.ParseIP(one).To4(), Mask: net.CIDRMask(32, 32)}
		if err := netlink.AddrAdd(p.link, &netlink.Addr{IPNet: host, Label: p.label()}); err != nil {
			return fmt.Errorf("adding %s to %s: %w", one, p.name(), err)
		}
	}
	return nil
}
