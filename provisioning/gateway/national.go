package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"tiepdan/kiosk/dossier"
)

// National is the adapter for the national sync shape: a login for a session,
// then {session, madonvi, service, …} to one address, answered by {error_code, message, result[]}.
type National struct {
	Base     *url.URL // …/onestop: login and service are below it
	Username string
	Password string
	Client   *http.Client // with a timeout

	mu      sync.Mutex
	session string
}

// What error_code may say. Unknown codes are taken for a trouble that passes: nothing is lost by asking again.
var (
	codesOK      = []string{"00", "0"}
	codeSession  = "01"
	codeExists   = "03"
	codesRefused = []string{"04"}
)

// maxReply bounds an answer.
const maxReply = 4 << 20

// errAnswer says that an answer makes no sense: truncated, an error page, or of another item.
var errAnswer = errors.New("an answer that makes no sense")

// errSession says that the session is unknown or expired.
var errSession = errors.New("the session has expired")

type reply struct {
	ErrorCode text     `json:"error_code"`
	Message   string   `json:"message"`
	Session   string   `json:"session"`
	Result    []result `json:"result"`
}

type result struct {
	MaHoSo        string `json:"MaHoSo"`
	MaHoSoNguon   string `json:"MaHoSoNguon"`
	TrangThaiHoSo text   `json:"TrangThaiHoSo"`
	NgayTiepNhan  string `json:"NgayTiepNhan"`
	NgayHenTra    string `json:"NgayHenTra"`
	ErrorCode     text   `json:"error_code"`
	Message       string `json:"message"`
}

// A text is a JSON string, or a number: both are seen for codes.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*t = text(n)
	return nil
}

type call struct {
	Session    string `json:"session"`
	MaDonVi    string `json:"madonvi"`
	Service    string `json:"service"`
	IsUpdating bool   `json:"isUpdating"`
	Data       any    `json:"data"`
}

// Submit files one item: see [OneStop].
func (n *National) Submit(ctx context.Context, agency string, item Item) (Filed, error) {
	r, err := n.do(ctx, call{MaDonVi: agency, Service: "DongBoHoSoMC", Data: []Item{item}})
	if err != nil {
		return Filed{}, err
	}
	return filed(r, item.MaHoSoNguon)
}

// filed reads what became of the one item sent.
func filed(r reply, source string) (Filed, error) {
	res := result{ErrorCode: r.ErrorCode, Message: r.Message}
	switch {
	case len(r.Result) == 1:
		res = r.Result[0]
		if res.ErrorCode == "" {
			res.ErrorCode, res.Message = r.ErrorCode, r.Message
		}
	case len(r.Result) > 1:
		return Filed{}, fmt.Errorf("%w: %d results for one item", errAnswer, len(r.Result))
	}
	existed := string(res.ErrorCode) == codeExists || strings.Contains(strings.ToLower(res.Message), "đã tồn tại")
	switch {
	case existed, is(res.ErrorCode, codesOK):
		code, ok := dossier.ParseCode(res.MaHoSo)
		if !ok || code != res.MaHoSo {
			return Filed{}, fmt.Errorf("%w: taken, and no code", errAnswer)
		}
		if res.MaHoSoNguon != "" && res.MaHoSoNguon != source {
			return Filed{}, fmt.Errorf("%w: about another item", errAnswer)
		}
		return Filed{Code: code, Status: max(1, status(res.TrangThaiHoSo)), Existed: existed}, nil
	case is(res.ErrorCode, codesRefused):
		return Filed{}, &Refusal{Code: string(res.ErrorCode), Message: res.Message}
	}
	return Filed{}, fmt.Errorf("One-Stop has a trouble of its own: error_code %q", res.ErrorCode)
}

// Statuses tells where dossiers stand: see [OneStop].
func (n *National) Statuses(ctx context.Context, agency string, codes []string) ([]Filed, error) {
	type ask struct{ MaHoSo string }
	asked := make([]ask, len(codes))
	for i, c := range codes {
		asked[i].MaHoSo = c
	}
	r, err := n.do(ctx, call{MaDonVi: agency, Service: "TraCuuHoSo", Data: asked})
	if err != nil {
		return nil, err
	}
	if !is(r.ErrorCode, codesOK) {
		return nil, fmt.Errorf("One-Stop does not say where dossiers stand: error_code %q", r.ErrorCode)
	}
	var all []Filed
	for _, res := range r.Result {
		code, ok := dossier.ParseCode(res.MaHoSo)
		if s := status(res.TrangThaiHoSo); ok && s > 0 {
			all = append(all, Filed{Code: code, Status: s, Received: date(res.NgayTiepNhan), Due: date(res.NgayHenTra)})
		}
	}
	return all, nil
}

// date reads a time of One-Stop's; one that is none counts as not said.
func date(s string) time.Time {
	t, err := time.ParseInLocation(dateLayout, s, vietnam)
	if err != nil {
		return time.Time{}
	}
	return t
}

// do makes one call, with a fresh login if the session has expired meanwhile.
func (n *National) do(ctx context.Context, c call) (reply, error) {
	for try := range 2 {
		session, err := n.login(ctx)
		if err != nil {
			return reply{}, err
		}
		c.Session = session
		r, err := n.post(ctx, "service", c)
		if err != nil {
			return reply{}, err
		}
		if string(r.ErrorCode) != codeSession {
			return r, nil
		}
		n.forget(session)
		if try == 1 {
			break
		}
	}
	return reply{}, errSession
}

func (n *National) login(ctx context.Context) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != "" {
		return n.session, nil
	}
	r, err := n.post(ctx, "login", map[string]string{"username": n.Username, "password": n.Password})
	if err != nil {
		return "", err
	}
	if !is(r.ErrorCode, codesOK) || r.Session == "" {
		return "", fmt.Errorf("One-Stop does not let the gateway in: error_code %q; check the account", r.ErrorCode)
	}
	n.session = r.Session
	return n.session, nil
}

// forget drops a session that has expired, unless there is a newer one.
func (n *National) forget(session string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == session {
		n.session = ""
	}
}

func (n *National) post(ctx context.Context, path string, body any) (reply, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return reply{}, fmt.Errorf("One-Stop: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.Base.JoinPath(path).String(), &out)
	if err != nil {
		return reply{}, fmt.Errorf("One-Stop: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := n.Client.Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("One-Stop: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return reply{}, fmt.Errorf("One-Stop: %w: %w", errAnswer, err)
	}
	if resp.StatusCode != http.StatusOK {
		return reply{}, fmt.Errorf("One-Stop: %w: HTTP status %d", errAnswer, resp.StatusCode)
	}
	return parseReply(data)
}

// parseReply reads an answer whole or not at all: half of one counts for nothing.
func parseReply(data []byte) (reply, error) {
	var r reply
	if len(data) > maxReply {
		return r, fmt.Errorf("%w: larger than %d bytes", errAnswer, maxReply)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return reply{}, fmt.Errorf("%w: not its JSON", errAnswer) // json's own words may quote it
	}
	if r.ErrorCode == "" {
		return reply{}, fmt.Errorf("%w: no error_code", errAnswer)
	}
	return r, nil
}

func is(code text, any []string) bool {
	for _, a := range any {
		if string(code) == a {
			return true
		}
	}
	return false
}

// status reads TrangThaiHoSo, 0 if it is none.
func status(t text) int {
	n, err := strconv.Atoi(string(t))
	if err != nil || n < 1 || n > 10 {
		return 0
	}
	return n
}
