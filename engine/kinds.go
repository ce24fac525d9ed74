package engine

import (
	"errors"
	"fmt"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/intset"
	"github.com/evald/evald/engine/stream"
)

// newBig returns an empty object of a big kind.
func (ks *Keyspace) newBig(k Kind) object {
	switch k {
	case KindHashBig:
		return newBigHash()
	case KindZSetBig:
		return newBigZSet()
	case KindSetBig:
		return newBigSet()
	case KindListBig:
		return newBigList()
	case KindStream:
		return &bigStream{ks, stream.New()}
	}
	panic(fmt.Sprintf("engine: kind %d has no object", k))
}

// validInline checks the bytes of a small value that come from outside.
func validInline(k Kind, b []byte) error {
	switch k {
	case KindRaw:
		return nil
	case KindInt:
		if len(b) != intBytes {
			return errors.New("bad integer")
		}
		return nil
	case KindSetInts:
		if err := intset.Valid(b); err != nil {
			return err
		}
		if intset.Len(b) == 0 {
			return errors.New("empty set")
		}
		return nil
	case KindHashCompact, KindZSetCompact, KindSetCompact, KindListCompact:
		if err := compact.Valid(b); err != nil {
			return err
		}
		n := compact.Len(b)
		if n == 0 || (k == KindHashCompact || k == KindZSetCompact) && n%2 != 0 {
			return errors.New("bad number of elements")
		}
		return nil
	}
	return fmt.Errorf("kind %d is not kept inline", k)
}
