// Checking bytes that come from elsewhere.
package compact

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Valid tells what is wrong with b, or nil if every other function may be given it. Besides the bounds it checks that
// each element has the one encoding its value has, because Find relies on that.
func Valid(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) < headerSize {
		return errors.New("compact: header cut short")
	}
	n := 0
	for off := headerSize; off < len(b); n++ {
		if size := plain(b[off:]); size > 0 {
			off += size
			continue
		}
		size, err := checkedSize(b[off:])
		if err != nil {
			return fmt.Errorf("compact: element %d at offset %d: %w", n, off, err)
		}
		var want [5]byte
		back := want[:backSize(size)]
		putBack(back, size)
		end := off + size + len(back)
		if string(b[off+size:end]) != string(back) {
			return fmt.Errorf("compact: element %d at offset %d: wrong back length", n, off)
		}
		if it := canonical(Get(b, off)); it.size() != size || string(it.head[:it.n]) != string(b[off:off+it.n]) {
			return fmt.Errorf("compact: element %d at offset %d: not the shortest encoding", n, off)
		}
		off = end
	}
	if stored := binary.LittleEndian.Uint16(b); stored != uncounted && int(stored) != n {
		return fmt.Errorf("compact: count says %d, there are %d elements", stored, n)
	}
	return nil
}

// plain returns the bytes of the valid element at the start of p, if it is of the kinds that nearly all are: an integer of one byte, or
// a short string that does not begin like an integer. Otherwise, 0: a closer look is needed.
func plain(p []byte) int {
	size := 1 // without the back length, which takes one byte
	if p[0] >= 0x80 {
		size += int(p[0]) - 0x80
		if p[0] >= tagInt13 || len(p) < 2 || size > 1 && (p[1] == '-' || p[1]-'0' < 10) {
			return 0
		}
	}
	if len(p) <= size || int(p[size]) != size {
		return 0
	}
	return size + 1
}

// checkedSize is encodedSize for bytes that may end early or mean nothing. The back length is in bounds, too.
func checkedSize(p []byte) (int, error) {
	head := 1
	switch tag := p[0]; {
	case tag > tagFloat64:
		return 0, fmt.Errorf("unknown encoding 0x%02x", tag)
	case tag == tagString32:
		head = 5
	case tag >= tagString12 && tag < tagString32:
		head = 2
	}
	if len(p) < head {
		return 0, errors.New("cut short")
	}
	size := encodedSize(p, 0)
	if size+backSize(size) > len(p) {
		return 0, errors.New("cut short")
	}
	return size, nil
}

func canonical(e Elem) item {
	switch e.kind {
	case intKind:
		return intItem(int64(e.bits))
	case floatKind:
		return floatItem(e.Float())
	}
	return itemOf(e.str)
}
