package onestopsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Fault happens to the next Count posts of dossiers:
//
//	500        an error page, nothing kept
//	session    every session is gone
//	refuse     refused for a business reason, nothing kept
//	slow       kept, answered after MS milliseconds (3,000)
//	lost       kept, the connection closes without an answer
//	duplicate  kept, answered as "đã tồn tại"
//	truncated  kept, half an answer
//	none       forgets all faults
type Fault struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	MS    int    `json:"ms,omitempty"`
}

func (f Fault) delay() time.Duration {
	if f.MS == 0 {
		return 3 * time.Second
	}
	return time.Duration(f.MS) * time.Millisecond
}

func (s *Sim) serveFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !receive(w, r, &f) {
		return
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Kind != "none" && !slices.Contains(faultKinds, f.Kind) {
		send(w, 400, reply{ErrorCode: codeInvalid, Message: "kind: none, " + strings.Join(faultKinds, ", ")})
		return
	}
	if f.Count < 0 || f.Count > 1e6 || f.MS < 0 || f.MS > 600_000 {
		send(w, 400, reply{ErrorCode: codeInvalid, Message: "count, ms: ngoài khoảng cho phép"})
		return
	}
	s.mu.Lock()
	if f.Kind == "none" {
		s.faults = nil
	} else {
		s.faults = append(s.faults, f)
	}
	s.mu.Unlock()
	send(w, 200, s.pending())
}

func (s *Sim) pending() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Fault{}, s.faults...)
}

// takeFault uses one up: the first pending one, if it is of these kinds.
func (s *Sim) takeFault(kinds ...string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 || !slices.Contains(kinds, s.faults[0].Kind) {
		return Fault{}
	}
	f := s.faults[0]
	if s.faults[0].Count--; s.faults[0].Count == 0 {
		s.faults = s.faults[1:]
	}
	return f
}

// strict decodes one JSON value with known fields only and nothing after it.
func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("có dữ liệu thừa ở cuối")
	}
	return nil
}
