package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tiepdan/drivers/card/trust"
	"tiepdan/drivers/serial"
	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/health"
)

// A machine is what the doctor looks at; tests make up others.
type machine struct {
	bus      serial.Bus
	readers  func() ([]string, error)
	browsers []string // programs, the best first
	cameras  string   // where the kernel lists them
	clock    func() string
}

func thisMachine() machine {
	return machine{readers: listReaders, clock: clockState,
		browsers: []string{"chromium", "chromium-browser", "google-chrome"}, cameras: "/sys/class/video4linux"}
}

func (d *doctor) config(context.Context) health.Finding {
	f := health.Finding{Check: "config", Name: health.Text{VI: "Cấu hình", EN: "Configuration"}}
	if errors.Is(d.cfgErr, fs.ErrNotExist) {
		return f.Bad(health.NotEnrolled, d.cfgErr.Error())
	}
	err := d.cfgErr
	if err == nil {
		var cat *catalogue.Catalogue
		from, _, broken := toldCatalogue(d.data)
		if cat, err = from.On(time.Now()); broken != nil || err != nil {
			return f.Bad(health.CatalogueInvalid, errors.Join(broken, err).Error())
		}
		_, layouts := layoutsOfConfig(d.cfg)
		err = errors.Join(d.cfg.Check(cat), layouts)
	}
	if err != nil {
		return f.Bad(health.ConfigInvalid, err.Error())
	}
	return f.Good(d.cfg.Unit.Name + ", " + d.cfg.Site)
}

// slowDisk is a disk on which a resident waits for each promise.
const slowDisk = 200 * time.Millisecond

func (d *doctor) disk(context.Context) health.Finding {
	f := health.Finding{Check: "disk", Name: health.Text{VI: "Ổ đĩa", EN: "Disk"}}
	took, err := fsyncIn(d.data)
	if err != nil {
		return f.Bad(health.StoreFailing, err.Error())
	}
	free := diskFree(d.data)
	found := fmt.Sprintf("%s: %.1f GB, fsync %v", d.data, float64(free)/(1<<30), took.Round(100*time.Microsecond))
	switch {
	case free < leastDisk:
		return f.Bad(health.DiskLow, found)
	case took > slowDisk:
		f.State, f.Found = health.Warn, found
		f.What = health.Text{VI: "Ổ đĩa ghi rất chậm.", EN: "The disk is very slow to write."}
		f.Do = health.Text{VI: "Thay ổ đĩa hoặc thẻ nhớ khác.", EN: "Use another disk or memory card."}
		return f
	}
	return f.Good(found)
}

// fsyncIn writes a file and waits for the disk to have it, as every promise does.
func fsyncIn(dir string) (time.Duration, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(dir, "doctor-")
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = file.Write(make([]byte, 4096))
	err = errors.Join(err, file.Sync())
	took := time.Since(start)
	return took, errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// earliest is no time that a kiosk of this program could live in.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *doctor) clock(context.Context) health.Finding {
	f := health.Finding{Check: "clock", Name: health.Text{VI: "Đồng hồ", EN: "Clock"}}
	now := time.Now()
	found := now.Format("15:04:05 02/01/2006 MST")
	if state := d.machine.clock(); state == "unsynced" || now.Before(earliest) {
		return f.Bad(health.ClockSkew, found)
	}
	return f.Good(found)
}

// skewed is how far the centre's clock may be from ours before cards and
// certificates are judged by the wrong day's rules.
const skewed = 2 * time.Minute

func (d *doctor) centre(ctx context.Context) health.Finding {
	f := health.Finding{Check: "centre", Name: health.Text{VI: "Trung tâm", EN: "Centre"}}
	if d.enrolled != nil {
		return f.Bad(health.NotEnrolled, "")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(d.credentials.Centre, "/")+"/healthz", nil)
	if err != nil {
		return f.Bad(health.CentreUnreachable, err.Error())
	}
	client, err := d.credentials.Client()
	if err != nil {
		return f.Bad(health.CentreUnreachable, err.Error())
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return f.Bad(health.CentreUnreachable, err.Error())
	}
	resp.Body.Close()
	if there, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if off := time.Since(there); off > skewed || off < -skewed {
			f = f.Bad(health.ClockSkew, fmt.Sprintf("%v (%s)", off.Round(time.Second), d.credentials.Centre))
			f.What = health.Text{VI: "Giờ của máy lệch so với trung tâm.", EN: "The clock differs from the centre's."}
			return f
		}
	}
	if resp.StatusCode != http.StatusOK {
		return f.Bad(health.CentreUnreachable, d.credentials.Centre+": "+resp.Status)
	}
	return f.Good(d.credentials.Kiosk + " @ " + d.credentials.Centre)
}

func (d *doctor) anchors(context.Context) health.Finding {
	f := health.Finding{Check: "anchors", Name: health.Text{VI: "Chứng thư gốc", EN: "Root certificates"}}
	if f, held := d.heldBy(f, health.TrustAnchorsMissing); held {
		return f
	}
	store, loaded, err := trust.LoadDir(cmp.Or(d.cfg.TrustDir, filepath.Join(d.data, anchorsDir)))
	if err != nil || store.Len() == 0 {
		return f.Bad(health.TrustAnchorsMissing, cmp.Or(d.cfg.TrustDir, filepath.Join(d.data, anchorsDir)))
	}
	return f.Good(loaded.String())
}

func (d *doctor) browser(ctx context.Context) health.Finding {
	f := health.Finding{Check: "browser", Name: health.Text{VI: "Trình duyệt", EN: "Browser"}}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var why error
	for _, name := range d.machine.browsers {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err == nil {
			return f.Good(strings.TrimSpace(string(out)))
		}
		why = fmt.Errorf("%s --version: %w", path, err)
	}
	f.State = health.Fail
	if why != nil {
		f.Found = why.Error()
	}
	f.What = health.Text{VI: "Không chạy được trình duyệt Chromium.", EN: "There is no Chromium browser that runs."}
	f.Do = health.Text{VI: "Cài gói chromium: apt install chromium.", EN: "Install it: apt install chromium."}
	return f
}

func (d *doctor) camera(context.Context) health.Finding {
	f := health.Finding{Check: "camera", Name: health.Text{VI: "Máy ảnh", EN: "Camera"}}
	entries, err := os.ReadDir(d.machine.cameras)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Found = err.Error()
	}
	var names []string
	for _, e := range entries {
		name, err := os.ReadFile(filepath.Join(d.machine.cameras, e.Name(), "name"))
		if err != nil {
			continue // just pulled out
		}
		path := filepath.Join(d.machine.bus.Dev, e.Name())
		takes, err := takesPictures(path)
		if err != nil {
			f.Found = err.Error()
		}
		if takes {
			names = append(names, strings.TrimSpace(string(name))+" @ "+path)
		}
	}
	if len(names) > 0 {
		return f.Good(strings.Join(names, ", "))
	}
	f.State = health.Warn
	f.What = health.Text{VI: "Không thấy máy ảnh: giấy tờ nộp tại quầy.", EN: "There is no camera: papers are handed in at the counter."}
	f.Do = health.Text{VI: "Cắm lại máy ảnh; người chạy kiosk phải thuộc nhóm video.", EN: "Plug it in again; whoever runs the kiosk has to be in the group video."}
	return f
}

// takesPictures asks a video device what it can do (VIDIOC_QUERYCAP): some are only
// the metadata of another.
func takesPictures(path string) (bool, error) {
	const (
		queryCap     = 0x80685600 // _IOR('V', 0, struct v4l2_capability)
		videoCapture = 0x00000001 // V4L2_CAP_VIDEO_CAPTURE
		deviceCaps   = 0x80000000 // V4L2_CAP_DEVICE_CAPS
	)
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	var c struct {
		driver                        [16]byte
		card                          [32]byte
		bus                           [32]byte
		version, capabilities, device uint32
		reserved                      [3]uint32
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), queryCap, uintptr(unsafe.Pointer(&c))); errno != 0 {
		return false, fmt.Errorf("%s: %w", path, errno)
	}
	caps := c.capabilities
	if caps&deviceCaps != 0 {
		caps = c.device
	}
	return caps&videoCapture != 0, nil
}
