package consul

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// keyValue answers /v1/kv/KEY: GET with ?raw, ?recurse or ?keys, PUT with ?cas and ?flags, DELETE with ?recurse and ?cas.
func (s *server) keyValue(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/v1/kv/")
	query := r.URL.Query()
	_, recurse := query["recurse"]
	if !s.accept(w, r) {
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		s.getKeys(w, r, key, recurse)
		return
	}
	cas, err := number(query.Get("cas"))
	flags, flagsErr := number(query.Get("flags"))
	if err != nil || flagsErr != nil {
		http.Error(w, "cas and flags are numbers", http.StatusBadRequest)
		return
	}
	var done bool
	switch r.Method {
	case http.MethodPut:
		if key == "" {
			http.Error(w, "Missing key name", http.StatusBadRequest)
			return
		}
		value, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, valueLimit))
		if readErr != nil {
			http.Error(w, "a value has at most 512 KiB", http.StatusRequestEntityTooLarge)
			return
		}
		if flags == nil {
			flags = new(uint64)
		}
		done, err = s.store.put(key, value, *flags, cas)
	case http.MethodDelete:
		if key == "" && !recurse {
			http.Error(w, "Missing key name", http.StatusBadRequest)
			return
		}
		done, err = s.store.remove(key, recurse, cas)
	default:
		http.Error(w, "method "+r.Method+" not allowed", http.StatusMethodNotAllowed)
		return
	}
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, errFull) {
			status = http.StatusInsufficientStorage
		}
		http.Error(w, err.Error(), status)
		return
	}
	write(w, r, done)
}

func (s *server) getKeys(w http.ResponseWriter, r *http.Request, key string, recurse bool) {
	query := r.URL.Query()
	_, keys := query["keys"]
	_, raw := query["raw"]
	if !s.block(w, r, s.keysIndex) {
		return
	}
	w.Header().Set("X-Consul-Index", strconv.FormatUint(s.keysIndex(), 10))
	found := s.store.get(key, recurse || keys)
	switch {
	case len(found) == 0:
		w.WriteHeader(http.StatusNotFound)
	case keys:
		write(w, r, keysOf(found, key, query.Get("separator")))
	case raw:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(found[0].Value)
	default:
		write(w, r, found)
	}
}

// keysIndex is at least 1: clients may not wait from 0.
func (s *server) keysIndex() uint64 {
	if last := s.store.last(); last > 0 {
		return last
	}
	return 1
}

// keysOf are the names up to the first separator after the prefix, each once.
func keysOf(found []entry, prefix, separator string) []string {
	names := []string{}
	for _, e := range found {
		name := e.Key
		if separator != "" {
			if at := strings.Index(name[len(prefix):], separator); at >= 0 {
				name = name[:len(prefix)+at+len(separator)]
			}
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names
}

func number(text string) (*uint64, error) {
	if text == "" {
		return nil, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	return &value, err
}
