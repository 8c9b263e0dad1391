// Package onestopsim stands for the city's One-Stop system (hệ thống một cửa):
// a real HTTP server with the national sync shape, a folder of its own, its own
// numbering of dossiers, officers' decisions, and faults to be switched on. What it
// holds is plain text, as it is in the city's system.
//
// An item is on disk (fsync) before it is answered, and each MaHoSoNguon is
// held once: sent again it answers "đã tồn tại" with the code it already has.
package onestopsim

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Vietnam is the time of every date here; it has had no summer time since 1975.
var Vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// dateLayout is yyyyMMddHHmmss, 24-hour.
const dateLayout = "20060102150405"

// sessionLife is how long a login lasts.
const sessionLife = 30 * time.Minute

// Sim is one simulated One-Stop system. It is safe for concurrent use.
type Sim struct {
	log     *slog.Logger
	account Account

	mu       sync.Mutex
	journal  *journal
	items    []*Item
	bySource map[string]*Item
	byCode   map[string]*Item
	last     map[string]int // highest number by agency and day
	sessions map[string]time.Time
	faults   []Fault

	dir    string
	fetch  chan fetching // files to fetch
	closed chan struct{}
	once   sync.Once
	ended  sync.WaitGroup
}

// Account is what the gateway logs in with.
type Account struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Open opens the system's folder, made if it isn't there.
func Open(dir string, log *slog.Logger) (*Sim, error) {
	s := &Sim{
		log:      log,
		bySource: map[string]*Item{},
		byCode:   map[string]*Item{},
		last:     map[string]int{},
		sessions: map[string]time.Time{},
		dir:      dir,
		fetch:    make(chan fetching, 1<<16),
		closed:   make(chan struct{}),
	}
	var err error
	if s.journal, err = openJournal(dir, s.replay); err != nil {
		return nil, err
	}
	if s.account, err = loadAccount(dir); err != nil {
		return nil, errors.Join(err, s.journal.close())
	}
	for _, item := range s.items { // what was under way when it went down
		s.fetchLater(item)
	}
	for range fetchers {
		s.ended.Go(s.fetchFiles)
	}
	return s, nil
}

// Close closes the folder. Nothing is lost without it.
func (s *Sim) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.ended.Wait()
	return s.journal.close()
}

// Account is the one account there is.
func (s *Sim) Account() Account { return s.account }

// A record is one line of the journal: an item as it arrived, with its code, or a decision.
type record struct {
	Item   *Item     `json:"item,omitempty"`
	Decide *Decision `json:"decide,omitempty"`
	File   *fetched  `json:"file,omitempty"`
}

func (s *Sim) replay(r record) error {
	switch {
	case r.Item != nil:
		return s.index(r.Item)
	case r.Decide != nil:
		item := s.byCode[r.Decide.MaHoSo]
		if item == nil {
			return fmt.Errorf("decision about %s, which is not there", r.Decide.MaHoSo)
		}
		r.Decide.apply(item)
		return nil
	case r.File != nil:
		if item := s.byCode[r.File.MaHoSo]; item != nil {
			r.File.apply(item)
		}
		return nil
	}
	return errors.New("empty record")
}

// codePattern is agency id, day, number: 000.00.06.H26-261122-0361.
var codePattern = regexp.MustCompile(`^([0-9A-Z]+(?:\.[0-9A-Z]+)*-\d{6})-(\d{4,})$`)

func (s *Sim) index(item *Item) error {
	m := codePattern.FindStringSubmatch(item.MaHoSo)
	if m == nil {
		return fmt.Errorf("code %q is none", item.MaHoSo)
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return fmt.Errorf("code %q: %w", item.MaHoSo, err)
	}
	s.last[m[1]] = max(s.last[m[1]], n)
	s.items = append(s.items, item)
	s.bySource[item.MaHoSoNguon] = item
	s.byCode[item.MaHoSo] = item
	return nil
}

// receive keeps a new item, or finds the one that is there under its
// MaHoSoNguon. Either is on disk when it returns.
func (s *Sim) receive(agency string, item Item) (code string, existed bool, err error) {
	s.mu.Lock()
	if old := s.bySource[item.MaHoSoNguon]; old != nil {
		end := s.journal.end()
		s.mu.Unlock()
		return old.MaHoSo, true, s.journal.sync(end)
	}
	series := agency + "-" + time.Now().In(Vietnam).Format("060102")
	item.MaHoSo = fmt.Sprintf("%s-%04d", series, s.last[series]+1)
	item.TrangThaiHoSo = "1"
	end, err := s.journal.append(record{Item: &item})
	if err == nil {
		err = s.index(&item)
	}
	if err == nil {
		s.fetchLater(&item)
	}
	s.mu.Unlock()
	if err != nil {
		return "", false, err
	}
	return item.MaHoSo, false, s.journal.sync(end)
}

// A Decision is what an officer does about a dossier.
type Decision struct {
	MaHoSo        string `json:"MaHoSo"`
	TrangThaiHoSo string `json:"TrangThaiHoSo"`
	NgayHenTra    string `json:"NgayHenTra,omitempty"`
	GhiChu        string `json:"GhiChu,omitempty"`
	NgayTiepNhan  string `json:"NgayTiepNhan,omitempty"` // set here when status becomes 2
}

func (d *Decision) apply(item *Item) {
	item.TrangThaiHoSo = d.TrangThaiHoSo
	if d.NgayTiepNhan != "" {
		item.NgayTiepNhan = d.NgayTiepNhan
	}
	if d.NgayHenTra != "" {
		item.NgayHenTra = d.NgayHenTra
	}
	if d.GhiChu != "" {
		item.GhiChu = d.GhiChu
	}
}

// errUnknownCode is a decision about a dossier that isn't there.
var errUnknownCode = errors.New("không có hồ sơ mang mã này")

func (s *Sim) decide(d Decision) (Item, error) {
	s.mu.Lock()
	item := s.byCode[d.MaHoSo]
	if item == nil {
		s.mu.Unlock()
		return Item{}, errUnknownCode
	}
	if d.NgayTiepNhan = ""; d.TrangThaiHoSo == "2" && item.NgayTiepNhan == "" {
		d.NgayTiepNhan = time.Now().In(Vietnam).Format(dateLayout)
	}
	end, err := s.journal.append(record{Decide: &d})
	if err == nil {
		d.apply(item)
	}
	decided := *item
	s.mu.Unlock()
	if err != nil {
		return Item{}, err
	}
	return decided, s.journal.sync(end)
}

// all returns every item with its code, in the order of arrival.
func (s *Sim) all() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Item, len(s.items))
	for i, item := range s.items {
		list[i] = *item
		list[i].TepDaTai = maps.Clone(item.TepDaTai)
	}
	return list
}

// find returns the item of a code.
func (s *Sim) find(code string) (Item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if item := s.byCode[code]; item != nil {
		return *item, true
	}
	return Item{}, false
}

func (s *Sim) login() string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for t, until := range s.sessions {
		if now.After(until) {
			delete(s.sessions, t)
		}
	}
	s.sessions[token] = now.Add(sessionLife)
	return token
}

func (s *Sim) loggedIn(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.sessions[token])
}
