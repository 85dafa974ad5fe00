package reflect2

import (
	"reflect"
	"unsafe"
)

// UnsafeIterate gives an iterator over the map that obj points to; a nil map has no entries.
//
// It replaces the one of this library, which calls reflect.mapiterinit behind the compiler's back with the signature that function had
// before Go 1.18. Since then the caller hands in the iterator's memory: a call with two arguments lets the runtime write wherever the
// third register happens to point. The public reflect.MapIter does the same without knowing anything of the runtime.
func (type2 *UnsafeMapType) UnsafeIterate(obj unsafe.Pointer) MapIterator {
	entries := reflect.NewAt(type2.Type, obj).Elem().MapRange()
	return &mapEntries{of: type2, entries: entries, more: entries.Next()}
}

// mapEntries stands on the entry that is given next, so that HasNext may be asked any number of times.
type mapEntries struct {
	of      *UnsafeMapType
	entries *reflect.MapIter
	more    bool
}

func (iter *mapEntries) HasNext() bool {
	return iter.more
}

func (iter *mapEntries) Next() (interface{}, interface{}) {
	key, elem := iter.UnsafeNext()
	return packEFace(iter.of.pKeyRType, key), packEFace(iter.of.pElemRType, elem)
}

// UnsafeNext gives pointers to copies: unlike pointers into the map they stay right when the map changes.
func (iter *mapEntries) UnsafeNext() (unsafe.Pointer, unsafe.Pointer) {
	if !iter.more {
		return nil, nil
	}
	key, elem := reflect.New(iter.of.Type.Key()), reflect.New(iter.of.Type.Elem())
	key.Elem().SetIterKey(iter.entries)
	elem.Elem().SetIterValue(iter.entries)
	iter.more = iter.entries.Next()
	return unsafe.Pointer(key.Pointer()), unsafe.Pointer(elem.Pointer())
}
