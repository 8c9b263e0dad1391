package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"tiepdan/kiosk/dossier"
	"tiepdan/kiosk/link"
	"tiepdan/kiosk/outbox"
	"tiepdan/kiosk/store"
	"tiepdan/provisioning/gateway/onestopsim"
	"tiepdan/provisioning/kiosksim"
)

// asNode makes the test binary a NATS server, so that it can be killed.
const asNode = "TIEPDAN_TEST_NODE"

func runNode(conf string) {
	o, err := server.ProcessConfigFile(conf)
	if err == nil {
		o.NoLog = true
		var s *server.Server
		if s, err = server.NewServer(o); err == nil {
			s.Start()
			s.WaitForShutdown()
			os.Exit(0)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A cluster is three NATS servers in processes of their own.
type cluster struct {
	t     *testing.T
	confs [3]string
	nodes [3]*exec.Cmd
	addrs [3]string
	dir   string
	small [3]bool // its disk is one that can be filled
}

// fill fills the disk of a node, if that can be done here.
func (c *cluster) fill(i int) bool {
	if c.small[i] {
		fill(c.t, filepath.Join(c.home(i), "js", "filler"))
	}
	return c.small[i]
}

func (c *cluster) empty(i int) {
	if err := os.Remove(filepath.Join(c.home(i), "js", "filler")); err != nil {
		c.t.Error(err)
	}
}

func (c *cluster) home(i int) string { return filepath.Join(c.dir, fmt.Sprint("n", i)) }

// fullFor is how long a disk is full.
func fullFor() time.Duration {
	if os.Getenv("TIEPDAN_CHAOS") != "" {
		return time.Minute
	}
	return 3 * time.Second
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// startCluster configures three nodes with what `provisioning cluster` prints for a centre's folder.
func startCluster(t *testing.T, data string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir()}
	ports := freePorts(t, 6)
	var routes []string
	for i := range c.nodes {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[3+i]))
	}
	for i := range c.nodes {
		home, js := c.home(i), filepath.Join(c.home(i), "js")
		if err := os.MkdirAll(js, 0o700); err != nil {
			t.Fatal(err)
		}
		if i == 2 && syscall.Mount("tmpfs", js, "tmpfs", 0, fmt.Sprintf("size=%dm", 128+chaosDossiers()/4)) == nil {
			c.small[i] = true
			t.Cleanup(func() { syscall.Unmount(js, syscall.MNT_DETACH) })
		}
		var out, errs bytes.Buffer
		if code := command([]string{"cluster", "-data", data, "-accounts", filepath.Join(home, "accounts")}, strings.NewReader(""), &out, &errs); code != exitOK {
			t.Fatal(errs.String())
		}
		c.addrs[i] = "nats://127.0.0.1:" + strconv.Itoa(ports[i])
		c.confs[i] = filepath.Join(home, "nats.conf")
		conf := fmt.Sprintf("server_name: n%d\nlisten: 127.0.0.1:%d\njetstream { store_dir: %q }\ncluster { name: c, listen: 127.0.0.1:%d, routes: [%s] }\n%s",
			i, ports[i], js, ports[3+i], strings.Join(routes, ", "), out.String())
		if err := os.WriteFile(c.confs[i], []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.kill(i)
		}
	})
	return c
}

func (c *cluster) start(i int) {
	c.nodes[i] = exec.Command(os.Args[0])
	c.nodes[i].Env = append(os.Environ(), asNode+"="+c.confs[i])
	c.nodes[i].Stderr = os.Stderr
	if err := c.nodes[i].Start(); err != nil {
		c.t.Error(err)
	}
}

func (c *cluster) kill(i int) {
	c.nodes[i].Process.Kill()
	c.nodes[i].Wait()
}

func (c *cluster) urls() string { return strings.Join(c.addrs[:], ",") }

// A machine is a kiosk's end with its disk: it can be killed and comes back.
type machine struct {
	t     testing.TB
	creds link.Credentials
	dir   string
	stop  func() // kills it; all but the disk is gone

	mu   sync.Mutex
	db   *store.Store
	conn *link.Conn
	box  *outbox.Outbox
}

func (m *machine) start() {
	db, err := store.Open(context.Background(), filepath.Join(m.dir, store.FileName))
	if err != nil {
		m.t.Error(err)
		return
	}
	log := slog.New(slog.DiscardHandler)
	conn, err := link.New(m.creds, log)
	if err != nil {
		m.t.Error(err)
		return
	}
	box := outbox.New(db, conn, m.creds, log)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { conn.Run(ctx) })
	wg.Go(func() { box.Run(ctx) })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.db, m.conn, m.box = db, conn, box
	m.stop = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		cancel()
		wg.Wait()
		db.Close()
	}
}

// file records one dossier with papers, as a visit does.
func (m *machine) file(papers int) (dossier.ReceiptNumber, error) {
	d, parts, err := kiosksim.Filing(m.creds.Kiosk, "00004", papers)
	if err != nil {
		return "", err
	}
	sealed, err := dossier.Seal(d, parts, m.creds.Recipient)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.db.Record(context.Background(), store.Submission{Visit: string(d.Receipt) + string(d.Receipt), At: d.SubmittedAt,
		Dossier: &store.Filing{Sealed: sealed, Procedure: d.Procedure, Case: d.Case}})
	m.box.Poke()
	return d.Receipt, err
}

func (m *machine) open() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := m.db.Backlog(context.Background())
	return b.Queued + b.HandedOver + b.Quarantined, err
}

// chaosDossiers is how many are filed; the closing notes have more.
func chaosDossiers() int {
	if n, err := strconv.Atoi(os.Getenv("TIEPDAN_CHAOS")); err == nil {
		return n
	}
	return 60
}

// papersOf is how many pages the nth dossier has: three where it counts.
func papersOf(n int) int {
	if os.Getenv("TIEPDAN_CHAOS") != "" {
		return 3
	}
	return n % 4
}

// On a cluster of three nodes with two centres and a gateway apart: nodes, gateway and
// kiosks are killed, lines cut, the disk of a node is full for a while, and One-Stop does all
// it can do wrong, as long as dossiers are filed. Each dossier is at One-Stop once, each has
// its receipt, and nobody on the way could read one.
func TestClusterChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	data := t.TempDir()
	c := startCluster(t, data)
	city := httptest.NewUnstartedServer(nil)
	sim, err := onestopsim.Open(filepath.Join(t.TempDir(), "city"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	city.Config.Handler = sim.Handler("/city")
	city.Start()
	defer city.Close()
	account := sim.Account().Username + ":" + sim.Account().Password

	onCluster := func(o *options) {
		o.nats, o.replicas, o.sim = c.urls(), 3, false
		o.timeout = 2 * time.Second
	}
	a := openHall(t, data, onCluster, func(o *options) { o.onestop, o.account = city.URL+"/city", account })
	second := t.TempDir()
	if err := os.CopyFS(filepath.Join(second, "centre", "keys"), os.DirFS(filepath.Join(data, "centre", "keys"))); err != nil {
		t.Fatal(err)
	}
	private(t, second)
	b := openHall(t, second, onCluster)

	secret := filepath.Join(t.TempDir(), "account")
	if err := os.WriteFile(secret, []byte(account), 0o600); err != nil {
		t.Fatal(err)
	}
	gateway := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asCentre+"="+strings.Join([]string{"gateway", "-nats", c.urls(), "-data", data,
			"-onestop", city.URL + "/city", "-onestop-account", "@" + secret, "-files-addr", "127.0.0.1:0", "-files-url", a.url}, "\n"))
		if err := cmd.Start(); err != nil {
			t.Error(err)
		}
		return cmd
	}
	apart := gateway()
	defer func() { apart.Process.Kill(); apart.Wait() }()

	var machines []*machine
	for i := range 6 {
		h := []*hall{a, b}[i%2]
		creds, _, err := link.Enrol(t.Context(), h.url, h.code(), nil)
		if err != nil {
			t.Fatal(err)
		}
		m := &machine{t: t, creds: creds, dir: t.TempDir()}
		m.start()
		t.Cleanup(func() { m.stop() })
		machines = append(machines, m)
	}

	total := chaosDossiers()
	filed := make(chan dossier.ReceiptNumber, total)
	var filing sync.WaitGroup
	var share atomic.Int64 // of all dossiers that may be filed by now: filing lasts as long as the kills
	for i, m := range machines {
		filing.Go(func() {
			for n := i; n < total; n += len(machines) {
				for int64(n) >= share.Load() && t.Context().Err() == nil {
					sleep(t.Context(), 20*time.Millisecond)
				}
				r, err := m.file(papersOf(n))
				for ; err != nil && t.Context().Err() == nil; r, err = m.file(papersOf(n)) {
					sleep(t.Context(), 50*time.Millisecond) // this kiosk is dead; nobody was promised anything
				}
				filed <- r
			}
		})
	}
	began := time.Now()
	faults := []string{"500", "lost", "truncated", "session", "slow", "duplicate"}
	for round := 0; ; round++ {
		share.Store(int64(min(total, total*(round+1)/len(faults))))
		node, full := round%3, round == 2
		if full {
			full = c.fill(node) // and nobody dies meanwhile
		}
		if !full {
			c.kill(node)
		}
		machines[rand.IntN(len(machines))].conn.SetCut(true)
		apart.Process.Kill()
		apart.Wait()
		victim := machines[round%len(machines)]
		victim.stop()
		post(t, city.URL+"/city/fault", fmt.Sprintf(`{"kind":%q,"count":3,"ms":700}`, faults[round%len(faults)]))
		pause(t, 500*time.Millisecond+rand.N(time.Second))
		victim.start()
		apart = gateway()
		if full {
			pause(t, fullFor())
			c.empty(node)
			c.kill(node) // a node that could not write does not take heart again by itself
		}
		c.start(node)
		for _, m := range machines {
			m.conn.SetCut(false)
		}
		pause(t, time.Second+rand.N(2*time.Second))
		if round >= len(faults)-1 && len(filed) == total {
			t.Logf("%d rounds of kills in %v", round+1, time.Since(began).Round(time.Second))
			break
		}
	}
	filing.Wait()
	post(t, city.URL+"/city/fault", `{"kind":"none"}`)

	deadline := time.Now().Add(3*time.Minute + time.Duration(total)*50*time.Millisecond)
	for _, m := range machines {
		for {
			open, err := m.open()
			if err != nil {
				t.Fatal(err)
			}
			if open == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s still owes %d", m.creds.Kiosk, open)
			}
			pause(t, 100*time.Millisecond)
		}
	}
	t.Logf("all signed for after %v", time.Since(began).Round(time.Second))
	close(filed)
	items := oneStopAt(t, city.URL+"/city/dossiers")
	n := 0
	for r := range filed {
		n++
		if items[string(r)] == nil {
			t.Errorf("%s is not at One-Stop", r)
		}
	}
	if err := until(t, func() (bool, error) { // their pages, too, whoever had to fetch them again
		for _, item := range oneStopAt(t, city.URL+"/city/dossiers") {
			if pagesOf(item) != fetchedOf(item) {
				return false, fmt.Errorf("%v: %d of %d pages", item["MaHoSo"], fetchedOf(item), pagesOf(item))
			}
		}
		return true, nil
	}); err != nil {
		t.Error("pages are missing:", err)
	}
	if n != total || len(items) != total {
		t.Errorf("filed %d, at One-Stop %d, of %d", n, len(items), total)
	}

	// Shut out at one centre is shut out at the other, on every node.
	thief := b.connect(machines[1].creds)
	machines[1].stop()
	machines[1].start()
	began = time.Now()
	if _, err := a.run("kiosk", "revoke", "-id", thief.creds.Kiosk); err != nil {
		t.Error(err)
	}
	thief.waitFor(link.Forbidden)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("shut out after %v", took)
	}

	for _, dir := range append([]string{c.dir, data, second}, machines[0].dir, machines[3].dir) {
		unreadable(t, dir, "MÔ PHỎNG", "Số 1 phố Mô Phỏng", "0912345678", "001090")
	}
}

// unreadable looks into every file for what nobody may find.
func unreadable(t *testing.T, dir string, clear ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, text := range clear {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s holds %q", path, text)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// private makes keys that were copied as private as they were.
func private(t *testing.T, data string) {
	t.Helper()
	keys, err := filepath.Glob(filepath.Join(data, "centre", "keys", "*"))
	for _, key := range keys {
		if err == nil {
			err = os.Chmod(key, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pause lets the faults of a chaos last.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
}

func post(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", url, resp.Status, b)
	}
}
