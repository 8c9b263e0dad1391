package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"

	"tiepdan/drivers/card/trust"
	"tiepdan/kiosk/health"
	"tiepdan/kiosk/link"
)

// exitNotReady is what doctor exits with where something keeps the centre from its work.
const exitNotReady = 2

// errNotReady says that the doctor found a fault; it has been said already.
var errNotReady = errors.New("not ready")

// A centreDoctor looks at one centre from outside, as an operator does who was woken.
type centreDoctor struct {
	operator
	bus     string // of a cluster; "": the centre's own
	onestop string
	data    dataDir
	e       env
}

func doctorCommand(ctx context.Context, args []string, e env) error {
	set := flag.NewFlagSet("doctor", flag.ContinueOnError)
	d := centreDoctor{e: e}
	set.StringVar(&d.operator.data, "data", defaultData, "`DIR` of the centre")
	set.StringVar(&d.addr, "addr", "", "`URL` of the centre, if it isn't the one that serves from DIR")
	set.StringVar(&d.bus, "nats", "", "`URLS` of the NATS cluster, if the centre has one")
	set.StringVar(&d.onestop, "onestop", "", "`URL` of the One-Stop system, to see whether it answers")
	lang := set.String("lang", "vi", "language of the table: vi or en")
	asJSON := set.Bool("json", false, "write JSON")
	if err := flags(set, args, e); err != nil {
		return err
	}
	d.data = dataDir{root: d.operator.data}
	found := d.examine(ctx)
	if err := found.Write(e.out, *lang, *asJSON); err != nil {
		return err
	}
	if !found.Ready {
		return errNotReady
	}
	return nil
}

// examine does every check, in the order in which one mends.
func (d *centreDoctor) examine(ctx context.Context) health.Diagnosis {
	found := health.Diagnosis{At: time.Now()}
	for _, check := range []func(context.Context) health.Finding{d.keys, d.disk, d.answers, d.streams, d.flow, d.anchors, d.oneStop} {
		found.Findings = append(found.Findings, check(ctx))
	}
	found.Judge()
	return found
}

// broken makes a finding say what is the matter in its own words.
func broken(f health.Finding, state, found string, what, do health.Text) health.Finding {
	f.State, f.Found, f.What, f.Do = state, found, what, do
	return f
}

func (d *centreDoctor) keys(context.Context) health.Finding {
	f := health.Finding{Check: "keys", Name: health.Text{VI: "Khóa", EN: "Keys"}}
	if _, err := d.data.keys(false); err != nil {
		return broken(f, health.Fail, err.Error(), health.Text{VI: "Khóa của trung tâm thiếu hoặc người khác đọc được.", EN: "A key of the centre is missing, or others can read it."},
			health.Text{VI: "Khôi phục từ bản sao lưu (provisioning restore); không tạo khóa mới.", EN: "Restore it from the backup (provisioning restore); make no new one."})
	}
	return f.Good(d.data.path("keys"))
}

// leastDisk is what a centre needs free: the papers of a busy day.
const leastDisk = 2 << 30

func (d *centreDoctor) disk(context.Context) health.Finding {
	f := health.Finding{Check: "disk", Name: health.Text{VI: "Ổ đĩa", EN: "Disk"}}
	free, err := diskFree(d.data.path())
	if err != nil {
		return broken(f, health.Fail, err.Error(), health.Text{VI: "Không đọc được thư mục dữ liệu.", EN: "The data folder cannot be read."}, health.Text{})
	}
	said := fmt.Sprintf("%s: %.1f GB", d.data.path(), float64(free)/(1<<30))
	if free < leastDisk {
		return broken(f, health.Fail, said, health.Text{VI: "Ổ đĩa sắp đầy: hồ sơ sẽ nằm lại ở các máy.", EN: "The disk is nearly full: dossiers will stay at the kiosks."},
			health.Text{VI: "Dọn ổ đĩa hoặc thêm chỗ; máy tự gửi lại, không mất hồ sơ.", EN: "Make room; kiosks send again by themselves, nothing is lost."})
	}
	return f.Good(said)
}

// diskFree is how many bytes may still be written where a folder is.
func diskFree(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

func (d *centreDoctor) answers(ctx context.Context) health.Finding {
	f := health.Finding{Check: "centre", Name: health.Text{VI: "Trung tâm", EN: "Centre"}}
	down := health.Text{VI: "Trung tâm không trả lời.", EN: "The centre does not answer."}
	do := health.Text{VI: "Khởi động dịch vụ trung tâm và xem nhật ký của nó.", EN: "Start the centre's service, and read its log."}
	base, err := d.base()
	if err != nil {
		return broken(f, health.Fail, err.Error(), down, do)
	}
	status, err := d.head(ctx, base+"/healthz")
	if err != nil || status != http.StatusOK {
		return broken(f, health.Fail, fmt.Sprint(base, " ", status, " ", err), down, do)
	}
	return f.Good(base)
}

// head asks whether somebody answers, and with which status.
func (d *centreDoctor) head(ctx context.Context, url string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	client, err := d.client()
	if err != nil {
		return 0, err
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// streams says how every stream stands; of a cluster, whether all copies are there.
func (d *centreDoctor) streams(ctx context.Context) health.Finding {
	f := health.Finding{Check: "bus", Name: health.Text{VI: "Đường truyền NATS", EN: "NATS"}}
	fail := func(err error) health.Finding {
		return broken(f, health.Fail, err.Error(), health.Text{VI: "Không tới được NATS.", EN: "NATS cannot be reached."},
			health.Text{VI: "Khởi động trung tâm, hoặc xem các nút của cụm.", EN: "Start the centre, or look at the nodes of the cluster."})
	}
	nc, err := dialBus(&d.operator, d.bus, d.data, "doctor", d.e)
	if err != nil {
		return fail(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list := js.ListStreams(ctx)
	n, bytes, behind := 0, uint64(0), ""
	for s := range list.Info() {
		n++
		bytes += s.State.Bytes
		if s.Cluster == nil {
			continue
		}
		for _, peer := range s.Cluster.Replicas {
			if peer.Offline || !peer.Current {
				behind += " " + s.Config.Name + "@" + peer.Name
			}
		}
	}
	if err := list.Err(); err != nil {
		return fail(err)
	}
	said := fmt.Sprintf("%d streams, %.1f MB", n, float64(bytes)/1e6)
	if behind != "" {
		return broken(f, health.Warn, said+":"+behind, health.Text{VI: "Có bản sao chưa đủ trong cụm.", EN: "Some copies in the cluster are not there, or behind."},
			health.Text{VI: "Xem các nút được nêu tên.", EN: "Look at the nodes that are named."})
	}
	return f.Good(said)
}

// flowStale is how long a dossier may wait before somebody has to look.
const flowStale = 15 * time.Minute

func (d *centreDoctor) flow(ctx context.Context) health.Finding {
	f := health.Finding{Check: "flow", Name: health.Text{VI: "Hồ sơ", EN: "Dossiers"}}
	nc, err := dialBus(&d.operator, d.bus, d.data, "doctor", d.e)
	if err != nil {
		return broken(f, health.Warn, err.Error(), health.Text{VI: "Không biết hồ sơ đang ở đâu.", EN: "Nobody knows where dossiers are."}, health.Text{})
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	var s jetstream.Stream
	if err == nil {
		s, err = js.Stream(ctx, link.StreamDossiers)
	}
	if err != nil {
		return broken(f, health.Warn, err.Error(), health.Text{VI: "Không biết hồ sơ đang ở đâu.", EN: "Nobody knows where dossiers are."}, health.Text{})
	}
	state := s.CachedInfo().State
	if state.Msgs == 0 {
		return f.Good("0")
	}
	waits := time.Since(state.FirstTime).Round(time.Second)
	said := fmt.Sprintf("%d, %v", state.Msgs, waits)
	if waits > flowStale {
		return broken(f, health.Warn, said, health.Text{VI: "Có hồ sơ chờ quá lâu.", EN: "A dossier has waited for too long."},
			health.Text{VI: "Xem Một cửa có trả lời không, cổng tiếp nhận có chạy không, và trang Hồ sơ.", EN: "See whether One-Stop answers, whether the gateway runs, and the dashboard's dossiers."})
	}
	return f.Good(said)
}

func (d *centreDoctor) anchors(context.Context) health.Finding {
	f := health.Finding{Check: "anchors", Name: health.Text{VI: "Chứng thư gốc", EN: "Root certificates"}}
	store, loaded, err := trust.LoadDir(d.data.path("trust"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || store == nil || store.Len() == 0 {
		return broken(f, health.Warn, d.data.path("trust"), health.Text{VI: "Chưa có chứng thư gốc: thẻ được đọc mà không chứng minh lại.", EN: "There are none: cards are read, and not proven again."},
			health.Text{VI: "Chép tệp CSCA vào thư mục đó.", EN: "Put the CSCA files into that folder."})
	}
	return f.Good(loaded.String())
}

func (d *centreDoctor) oneStop(ctx context.Context) health.Finding {
	f := health.Finding{Check: "onestop", Name: health.Text{VI: "Một cửa", EN: "One-Stop"}}
	if d.onestop == "" {
		return broken(f, health.Warn, "", health.Text{VI: "Chưa xem: thêm -onestop URL.", EN: "Not looked at: give -onestop URL."}, health.Text{})
	}
	status, err := d.head(ctx, d.onestop)
	if err != nil || status >= 500 {
		return broken(f, health.Fail, fmt.Sprint(d.onestop, " ", status, " ", err), health.Text{VI: "Một cửa không trả lời: hồ sơ chờ, không mất.", EN: "One-Stop does not answer: dossiers wait, none is lost."},
			health.Text{VI: "Gọi đơn vị vận hành Một cửa.", EN: "Call whoever runs One-Stop."})
	}
	return f.Good(d.onestop)
}
