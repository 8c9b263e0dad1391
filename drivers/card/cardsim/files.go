package cardsim

import (
	"bytes"
	"encoding/binary"

	"tiepdan/drivers/card"
)

// Files of the card (Doc 9303-10 §3.6, §3.10).
const (
	efATRInfo    = 0x2F01
	efCardAccess = 0x011C
	efCOM        = 0x011E
	efSOD        = 0x011D
	efDG         = 0x0100 // plus the number of the data group
)

var ldsAID = []byte{0xA0, 0, 0, 2, 0x47, 0x10, 0x01}

// FileBytes is how long all the files on the chip are together: what a reader
// that wants everything has to bring in.
func (c *Chip) FileBytes() int {
	n := len(c.mf[efCardAccess])
	for _, b := range c.lds {
		n += len(b)
	}
	return n
}

// selectFile is SELECT: the LDS application by name, the master file or a file
// of the current application by identifier. Only P2=0C, no answer wanted, and
// P2=00 are served, both without file control data.
func (c *Chip) selectFile(cmd card.Command) status {
	if cmd.P2&^0x0C != 0 {
		return swWrongP1P2
	}
	switch cmd.P1 {
	case 4:
		if !bytes.Equal(cmd.Data, ldsAID) {
			return swNoFile
		}
		c.inLDS, c.current, c.selected = true, nil, false
		return swOK
	case 0:
		if c.faults.noMF {
			return swWrongIns
		}
		if len(cmd.Data) != 0 && !bytes.Equal(cmd.Data, []byte{0x3F, 0}) {
			return swNoFile
		}
		c.inLDS, c.current, c.selected = false, nil, false
		return swOK
	case 2:
		if len(cmd.Data) != 2 {
			return swWrongLength
		}
		return c.selectEF(binary.BigEndian.Uint16(cmd.Data))
	}
	return swWrongP1P2
}

func (c *Chip) selectEF(id uint16) status {
	files := c.mf
	if c.inLDS {
		files = c.lds
		if c.sm == nil {
			return swNotAllowed
		}
	}
	content, ok := files[id]
	if !ok {
		return swNoFile
	}
	c.current, c.selected = content, true
	return swOK
}

// selectSFI maps a short identifier: every file's is the low byte of its
// identifier (Doc 9303-10 table 34).
func (c *Chip) selectSFI(sfi byte) status {
	if !c.inLDS && sfi == 1 {
		return c.selectEF(efATRInfo)
	}
	return c.selectEF(efDG | uint16(sfi))
}

// readBinary is READ BINARY: offsets up to 32767 in P1 and P2 or, with a short
// identifier, up to 255 in P2; with the odd instruction in a data object 54,
// the answer then being in a data object 53 (Doc 9303-10 §3.6.3.2).
func (c *Chip) readBinary(cmd card.Command) ([]byte, status) {
	if n := c.faults.leMax; cmd.Le == 0 || n > 0 && cmd.Le > n {
		return nil, swWrongLength
	}
	offset := 0
	switch {
	case cmd.INS == insReadOdd:
		do, err := card.ParseOneTLV(cmd.Data, 0x54)
		if err != nil || len(do.Value) == 0 || len(do.Value) > 4 {
			return nil, swWrongData
		}
		for _, b := range do.Value {
			offset = offset<<8 | int(b)
		}
		if cmd.P1 != 0 || cmd.P2 > 0x1F {
			if sw := c.selectEF(uint16(cmd.P1)<<8 | uint16(cmd.P2)); sw != swOK {
				return nil, sw
			}
		} else if cmd.P2 != 0 {
			if sw := c.selectSFI(cmd.P2); sw != swOK {
				return nil, sw
			}
		}
	case cmd.P1&0x80 != 0:
		if sw := c.selectSFI(cmd.P1 & 0x1F); sw != swOK {
			return nil, sw
		}
		offset = int(cmd.P2)
	default:
		offset = int(cmd.P1)<<8 | int(cmd.P2)
	}
	switch {
	case c.inLDS && c.sm == nil:
		return nil, swNotAllowed
	case !c.selected:
		return nil, swNoCurrentEF
	case offset > len(c.current), offset == len(c.current) && offset > 0:
		return nil, swWrongOffset
	}
	left := c.current[offset:]
	if s := c.scripted(); s.data > 0 && len(left) > s.data {
		left = left[:s.data]
	}
	if n := c.faults.shortReads; n > 0 && len(left) > n {
		left = left[:n]
	}
	if cmd.INS == insReadOdd {
		return readOdd(left, cmd.Le)
	}
	all := cmd.Le == maxShortAnswer || cmd.Le == maxLe // "as much as there is"
	if cmd.Le <= len(left) {
		return bytes.Clone(left[:cmd.Le]), swOK
	}
	if c.faults.correctLe && c.sm == nil && len(left) < maxShortAnswer {
		return nil, swCorrectLe | status(len(left))
	}
	if all {
		return bytes.Clone(left), swOK
	}
	return bytes.Clone(left), swEndOfFile
}

// readOdd answers with as much as fits into le together with its header.
func readOdd(left []byte, le int) ([]byte, status) {
	n := min(len(left), le)
	for n > 0 {
		do := card.AppendTLV(nil, 0x53, left[:n])
		if len(do) <= le {
			return do, swOK
		}
		n -= len(do) - le
	}
	return nil, swWrongLength
}
