package engine

// AccessPolicy says what the 24 access bits of an entry mean: the second of the last access (LRU), or minutes and a logarithmic
// counter of accesses (LFU), as Redis keeps them for eviction and OBJECT IDLETIME / FREQ.
type AccessPolicy struct {
	LFU       bool
	LogFactor int // lfu-log-factor
	DecayTime int // lfu-decay-time, minutes
}

const (
	lruBits     = 1<<24 - 1
	lfuInitial  = 5
	lfuMinBits  = 1<<16 - 1
	lfuCountMax = 255
)

// Access returns the policy, which CONFIG SET changes.
func (ks *Keyspace) Access() *AccessPolicy { return &ks.access }

func (p *AccessPolicy) created(ks *Keyspace, e entry) { setEntryAccess(e, p.initial(ks)) }

// initial returns the bits of a key that is made now.
func (p *AccessPolicy) initial(ks *Keyspace) uint32 {
	if p.LFU {
		return ks.minute()<<8 | lfuInitial
	}
	return uint32(ks.now/1000) & lruBits
}

func (p *AccessPolicy) touch(ks *Keyspace, e entry) {
	if ks.NoTouch {
		return
	}
	if p.LFU {
		setEntryAccess(e, ks.minute()<<8|p.bump(ks, p.decayed(ks, e)))
		return
	}
	setEntryAccess(e, uint32(ks.now/1000)&lruBits)
}

func (ks *Keyspace) minute() uint32 { return uint32(ks.now/60000) & lfuMinBits }

// decayed returns the counter after the minutes without access.
func (p *AccessPolicy) decayed(ks *Keyspace, e entry) uint32 {
	a := entryAccess(e)
	count := a & 0xff
	if p.DecayTime == 0 {
		return count
	}
	elapsed := (ks.minute() - a>>8) & lfuMinBits
	if periods := elapsed / uint32(p.DecayTime); periods < count {
		return count - periods
	}
	return 0
}

// bump raises the counter with a probability that falls with its value.
func (p *AccessPolicy) bump(ks *Keyspace, count uint32) uint32 {
	if count == lfuCountMax {
		return count
	}
	base := float64(0)
	if count > lfuInitial {
		base = float64(count - lfuInitial)
	}
	if float64(ks.random()>>11)/(1<<53) < 1/(base*float64(p.LogFactor)+1) {
		count++
	}
	return count
}

// idle returns the seconds since the last access (LRU).
func (ks *Keyspace) idle(e entry) int64 {
	return int64((uint32(ks.now/1000) - entryAccess(e)) & lruBits)
}
