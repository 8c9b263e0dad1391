package printersim

// bits are a status bit that is set if on.
func bits(on bool, b byte) byte {
	if on {
		return b
	}
	return 0
}

func (s *Sim) low() bool { return s.paper != "ok" }
func (s *Sim) out() bool { return s.paper == "out" || s.rowsLeft == 0 }

// realtimeStatus answers DLE EOT n (Epson's reference: bits 1 and 4 are always set).
func (s *Sim) realtimeStatus(n byte) []byte {
	const fixed = 0x12
	open := s.cover == "open"
	switch n {
	case 1:
		return []byte{fixed | bits(!s.online(), 0x08)}
	case 2:
		return []byte{fixed | bits(open, 0x04) | bits(s.out(), 0x20) | bits(s.cutterBlocked || s.hot || s.broken, 0x40)}
	case 3:
		return []byte{fixed | bits(s.cutterBlocked, 0x08) | bits(s.broken, 0x20) | bits(s.hot, 0x40)}
	}
	return []byte{fixed | bits(s.low(), 0x0c) | bits(s.out(), 0x60)}
}

// paperSensor answers GS r 1.
func (s *Sim) paperSensor() byte { return bits(s.low(), 0x03) | bits(s.out(), 0x0c) }

// changed sends the automatic status (GS a) if it is on and something is new.
func (s *Sim) changed() {
	if s.asb == 0 {
		return
	}
	now := [4]byte{
		0x10 | bits(!s.online(), 0x08) | bits(s.cover == "open", 0x20),
		bits(s.cutterBlocked, 0x08) | bits(s.broken, 0x20) | bits(s.hot, 0x40),
		bits(s.low(), 0x03) | bits(s.out(), 0x0c),
		0x0f,
	}
	if now != s.asbLast {
		s.asbLast = now
		for e := range s.ends.open {
			s.reply(e, now[:])
		}
	}
}
