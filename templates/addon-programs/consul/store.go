package consul

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

const (
	valueLimit = 512 << 10 // Consul's own
	// Everything is in memory and one file, which is written anew with each change.
	storeLimit = 8 << 20
)

var errFull = fmt.Errorf("the key-value store holds at most %d MiB", storeLimit>>20)

// entry is a key with its value, with Consul's names of the fields.
type entry struct {
	LockIndex   uint64
	Key         string
	Flags       uint64
	Value       []byte
	CreateIndex uint64
	ModifyIndex uint64
}

// store is the key-value store. A change that is answered is in its file.
type store struct {
	indexes *indexes
	file    string
	mutex   sync.RWMutex
	kept    kept
}

type kept struct {
	// Index of the last change of any key.
	Index   uint64
	Entries map[string]entry
}

func openStore(file string) (*store, error) {
	s := &store{file: file, kept: kept{Entries: map[string]entry{}}}
	if file == "" {
		return s, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s.kept)
	}
	if err == nil && s.kept.Entries == nil {
		err = errors.New("it has no entries")
	}
	if err != nil {
		return nil, fmt.Errorf("the key-value store %s: %w", file, err)
	}
	return s, nil
}

func (s *store) last() uint64 {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	return s.kept.Index
}

// get gives the entries whose keys begin with prefix, by key; or the one of that name.
func (s *store) get(key string, recurse bool) []entry {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	found := []entry{}
	for name, e := range s.kept.Entries {
		if name == key || recurse && strings.HasPrefix(name, key) {
			found = append(found, e)
		}
	}
	sort.Slice(found, func(a, b int) bool { return found[a].Key < found[b].Key })
	return found
}

// put sets a value; cas is the index that the key must have, 0 that there must be none, nil no condition. Tells whether it was so.
func (s *store) put(key string, value []byte, flags uint64, cas *uint64) (bool, error) {
	return s.change(func(now uint64, all map[string]entry) bool {
		before, exists := all[key]
		if cas != nil && before.ModifyIndex != *cas {
			return false
		}
		created := now
		if exists {
			created = before.CreateIndex
		}
		all[key] = entry{Key: key, Value: value, Flags: flags, CreateIndex: created, ModifyIndex: now}
		return true
	})
}

func (s *store) remove(key string, recurse bool, cas *uint64) (bool, error) {
	return s.change(func(_ uint64, all map[string]entry) bool {
		if cas != nil && all[key].ModifyIndex != *cas {
			return false
		}
		for name := range all {
			if name == key || recurse && strings.HasPrefix(name, key) {
				delete(all, name)
			}
		}
		return true
	})
}

// change lets work change a copy, which takes effect when it is on disk.
func (s *store) change(work func(now uint64, all map[string]entry) bool) (bool, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	next := kept{Index: s.indexes.next(), Entries: make(map[string]entry, len(s.kept.Entries)+1)}
	for key, e := range s.kept.Entries {
		next.Entries[key] = e
	}
	if !work(next.Index, next.Entries) {
		return false, nil
	}
	size := 0
	for key, e := range next.Entries {
		size += len(key) + len(e.Value)
	}
	if size > storeLimit {
		return false, errFull
	}
	if err := s.write(next); err != nil {
		return false, err
	}
	s.kept = next
	s.indexes.wake()
	return true, nil
}

func (s *store) write(next kept) error {
	if s.file == "" {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(s.file), ".kv-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name()) // nothing is there after the rename
	_, err = part.Write(text)
	if err == nil {
		err = part.Sync()
	}
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(part.Name(), s.file)
	}
	return err
}
