package onestopsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Error codes of the replies. "00" and "0" are both seen for success in the wild.
const (
	codeOK      = "00"
	codeSession = "01" // session unknown or expired
	codeLogin   = "02"
	codeExists  = "03" // đã tồn tại: the result carries the code
	codeInvalid = "04" // refused: sending it again can't help
	codeService = "05"
	codeSystem  = "99"
)

// maxBody bounds a request; files come by URL, so items are small.
const maxBody = 8 << 20

// maxItems is how many items one call may carry.
const maxItems = 10

type reply struct {
	ErrorCode string   `json:"error_code"`
	Message   string   `json:"message"`
	Session   string   `json:"session,omitempty"`
	Result    []result `json:"result,omitempty"`
}

type result struct {
	MaHoSo        string `json:"MaHoSo"`
	MaHoSoNguon   string `json:"MaHoSoNguon"`
	TrangThaiHoSo string `json:"TrangThaiHoSo,omitempty"`
	NgayTiepNhan  string `json:"NgayTiepNhan,omitempty"`
	NgayHenTra    string `json:"NgayHenTra,omitempty"`
	ErrorCode     string `json:"error_code"`
	Message       string `json:"message"`
}

// Handler serves the system below prefix ("/onestop"):
//
//	POST login      {username, password} → {error_code, session}
//	POST service    {session, madonvi, service, …} → {error_code, message, result[]}
//	GET  dossiers   every item as it was received, with its code
//	POST decide     {MaHoSo, TrangThaiHoSo}: an officer's decision
//	POST fault      {kind, count}; GET fault lists what is pending
func (s *Sim) Handler(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+prefix+"/login", s.serveLogin)
	mux.HandleFunc("POST "+prefix+"/service", s.serveService)
	mux.HandleFunc("GET "+prefix+"/dossiers", func(w http.ResponseWriter, _ *http.Request) { send(w, 200, s.all()) })
	mux.HandleFunc("POST "+prefix+"/decide", s.serveDecide)
	mux.HandleFunc("POST "+prefix+"/fault", s.serveFault)
	mux.HandleFunc("GET "+prefix+"/fault", func(w http.ResponseWriter, _ *http.Request) { send(w, 200, s.pending()) })
	return http.MaxBytesHandler(mux, maxBody)
}

func (s *Sim) serveLogin(w http.ResponseWriter, r *http.Request) {
	var in Account
	if !receive(w, r, &in) {
		return
	}
	if !same(in.Username, s.account.Username) || !same(in.Password, s.account.Password) {
		send(w, 200, reply{ErrorCode: codeLogin, Message: "Sai tên đăng nhập hoặc mật khẩu"})
		return
	}
	send(w, 200, reply{ErrorCode: codeOK, Message: "Thành công", Session: s.login()})
}

func (s *Sim) serveService(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Session    string            `json:"session"`
		MaDonVi    string            `json:"madonvi"`
		Service    string            `json:"service"`
		IsUpdating bool              `json:"isUpdating"`
		Data       []json.RawMessage `json:"data"`
	}
	if !receive(w, r, &in) {
		return
	}
	if in.Service == "DongBoHoSoMC" && s.takeEarlyFault(w) {
		return
	}
	switch {
	case !s.loggedIn(in.Session):
		send(w, 200, reply{ErrorCode: codeSession, Message: "Phiên làm việc không tồn tại hoặc đã hết hạn"})
	case !agencyPattern.MatchString(in.MaDonVi):
		send(w, 200, reply{ErrorCode: codeInvalid, Message: "madonvi: thiếu hoặc sai"})
	case len(in.Data) == 0 || len(in.Data) > maxItems:
		send(w, 200, reply{ErrorCode: codeInvalid, Message: "data: cần từ 1 đến 10 mục"})
	case in.Service == "DongBoHoSoMC" && in.IsUpdating:
		send(w, 200, reply{ErrorCode: codeInvalid, Message: "isUpdating: hệ thống này chỉ nhận hồ sơ mới"})
	case in.Service == "DongBoHoSoMC":
		s.takeItems(w, r, in.MaDonVi, in.Data)
	case in.Service == "TraCuuHoSo":
		s.lookUp(w, in.Data)
	default:
		send(w, 200, reply{ErrorCode: codeService, Message: "Không có dịch vụ này"})
	}
}

// takeItems is DongBoHoSoMC: an answer for each item.
func (s *Sim) takeItems(w http.ResponseWriter, r *http.Request, agency string, data []json.RawMessage) {
	out := reply{ErrorCode: codeOK, Message: "Thành công"}
	fault := s.takeFault("refuse", "slow", "duplicate", "lost", "truncated")
	for _, raw := range data {
		res := s.takeItem(agency, raw, fault.Kind)
		out.Result = append(out.Result, res)
		if res.ErrorCode != codeOK {
			out.ErrorCode, out.Message = res.ErrorCode, res.Message
		}
	}
	switch fault.Kind {
	case "slow":
		select {
		case <-time.After(fault.delay()):
		case <-r.Context().Done():
		}
	case "lost": // done, and nobody hears of it
		panic(http.ErrAbortHandler)
	case "truncated":
		body, _ := json.Marshal(out)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	send(w, 200, out)
}

func (s *Sim) takeItem(agency string, raw json.RawMessage, fault string) result {
	var item Item
	if err := strict(raw, &item); err != nil {
		return result{ErrorCode: codeInvalid, Message: "Dữ liệu không đúng: " + err.Error()}
	}
	res := result{MaHoSoNguon: item.MaHoSoNguon}
	if why := item.check(); why != "" {
		res.ErrorCode, res.Message = codeInvalid, why
		return res
	}
	if fault == "refuse" {
		res.ErrorCode, res.Message = codeInvalid, "Hồ sơ không thuộc thẩm quyền tiếp nhận"
		return res
	}
	code, existed, err := s.receive(agency, item)
	if err != nil {
		s.log.Error("One-Stop could not keep an item", "receipt", item.MaHoSoNguon, "err", err)
		res.ErrorCode, res.Message = codeSystem, "Lỗi hệ thống"
		return res
	}
	res.MaHoSo, res.TrangThaiHoSo = code, "1"
	res.ErrorCode, res.Message = codeOK, "Thành công"
	if existed || fault == "duplicate" {
		res.ErrorCode, res.Message = codeExists, "Hồ sơ đã tồn tại"
	}
	return res
}

// lookUp is TraCuuHoSo: where dossiers stand.
func (s *Sim) lookUp(w http.ResponseWriter, data []json.RawMessage) {
	out := reply{ErrorCode: codeOK, Message: "Thành công"}
	for _, raw := range data {
		var ask struct{ MaHoSo string }
		if err := strict(raw, &ask); err != nil {
			send(w, 200, reply{ErrorCode: codeInvalid, Message: "Dữ liệu không đúng: " + err.Error()})
			return
		}
		if item, ok := s.find(ask.MaHoSo); ok {
			out.Result = append(out.Result, result{MaHoSo: item.MaHoSo, MaHoSoNguon: item.MaHoSoNguon, TrangThaiHoSo: item.TrangThaiHoSo,
				NgayTiepNhan: item.NgayTiepNhan, NgayHenTra: item.NgayHenTra, ErrorCode: codeOK})
		}
	}
	send(w, 200, out)
}

func (s *Sim) serveDecide(w http.ResponseWriter, r *http.Request) {
	var d Decision
	if !receive(w, r, &d) {
		return
	}
	if n, err := strconv.Atoi(d.TrangThaiHoSo); err != nil || n < 1 || n > 10 {
		send(w, 400, reply{ErrorCode: codeInvalid, Message: "TrangThaiHoSo: từ 1 đến 10"})
		return
	}
	item, err := s.decide(d)
	switch {
	case errors.Is(err, errUnknownCode):
		send(w, 404, reply{ErrorCode: codeInvalid, Message: err.Error()})
	case err != nil:
		s.log.Error("One-Stop could not keep a decision", "code", d.MaHoSo, "err", err)
		send(w, 500, reply{ErrorCode: codeSystem, Message: "Lỗi hệ thống"})
	default:
		send(w, 200, item)
	}
}

// receive decodes a request's JSON body, or answers what is wrong with it.
func receive(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(r.Body)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		send(w, http.StatusRequestEntityTooLarge, reply{ErrorCode: codeInvalid, Message: "Yêu cầu quá lớn"})
		return false
	case err != nil:
		send(w, 400, reply{ErrorCode: codeInvalid, Message: "Không đọc được yêu cầu"})
		return false
	}
	if err := strict(body, into); err != nil {
		send(w, 400, reply{ErrorCode: codeInvalid, Message: "Yêu cầu không đúng: " + err.Error()})
		return false
	}
	return true
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(body) // the client is gone if this fails
}

// same compares without telling by its time where they differ.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// earlyFaults happen before the system has looked at what came.
var earlyFaults = []string{"500", "session"}

func (s *Sim) takeEarlyFault(w http.ResponseWriter) bool {
	switch s.takeFault(earlyFaults...).Kind {
	case "500":
		http.Error(w, "<html><body><h1>500 Internal Server Error</h1></body></html>", 500)
		return true
	case "session":
		s.mu.Lock()
		clear(s.sessions)
		s.mu.Unlock()
		// The ordinary path now answers that the session is gone.
	}
	return false
}

var faultKinds = slices.Concat(earlyFaults, []string{"slow", "lost", "duplicate", "truncated", "refuse"})
