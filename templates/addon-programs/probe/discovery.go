package probe

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"time"
)

// Discovered waits until cluster DNS gives the same addresses for a name in the zone consul as Consul's catalogue does: as many as are wanted.
func Discovered(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("discovered", flag.ContinueOnError)
	name := flags.String("name", "", "name in the catalogue")
	server := flags.String("server", "", "address of Consul's HTTP API, http://HOST:PORT")
	count := flags.Int("count", 1, "how many addresses are wanted")
	limit := flags.Duration("limit", time.Minute, "how long to wait")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	domain := *name + ".service.consul"
	for {
		listed, err := catalogued(ctx, *server, *name)
		if err == nil && len(listed) != *count {
			err = fmt.Errorf("the catalogue has %d addresses for %s, not %d", len(listed), *name, *count)
		}
		if err == nil {
			var found []string
			// With the last dot, so that no search domain is tried.
			found, err = net.DefaultResolver.LookupHost(ctx, domain+".")
			sort.Strings(found)
			if err == nil && !reflect.DeepEqual(found, listed) {
				err = fmt.Errorf("DNS has %s for %s, but the catalogue %s", strings.Join(found, " "), domain, strings.Join(listed, " "))
			}
		}
		if err == nil {
			fmt.Printf("DNS and the catalogue have %s for %s\n", strings.Join(listed, " "), domain)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func catalogued(ctx context.Context, server, name string) ([]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/v1/catalog/service/"+name, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	var found []struct{ ServiceAddress string }
	if err := json.NewDecoder(reply.Body).Decode(&found); err != nil || reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the catalogue answered HTTP %d", reply.StatusCode)
	}
	addresses := []string{}
	for _, one := range found {
		addresses = append(addresses, one.ServiceAddress)
	}
	sort.Strings(addresses)
	return addresses, nil
}
