package printersim

import (
	"slices"
	"time"

	"tiepdan/drivers/printer"
)

// A State is how far a job got.
type State string

const (
	Printing State = "printing"
	Printed  State = "printed"
	Stopped  State = "stopped" // paper ran out or the cover was opened in mid-job
	Torn     State = "torn"    // the line was cut in mid-job
)

// A Job is what came out between two cuts.
type Job struct {
	ID     int    `json:"id"`
	Kind   string `json:"kind"`   // as told by Expect
	Number string `json:"number"` // as told by Expect
	Bytes  int    `json:"bytes"`
	State  State  `json:"state"`

	Began time.Time `json:"began"` // its first dot
	Ended time.Time `json:"ended"` // its cut; zero until then

	paper *printer.Bitmap
	ink   bool
	white int // rows since the last ink
}

func (s *Sim) begin(bytes int) {
	s.lastID++
	s.job = &Job{ID: s.lastID, Kind: s.expect.Kind, Number: s.expect.Number, Bytes: bytes, State: Printing, Began: time.Now(),
		paper: printer.NewBitmap(s.dots, 0)}
	s.expect = Job{}
	s.jobs = append(s.jobs, s.job)
	if len(s.jobs) > keepJobs {
		s.jobs = slices.Delete(s.jobs, 0, 1)
	}
}

// tearOff is somebody tearing the paper off by hand, if it is out far enough:
// what happens where there is no cutter.
func (s *Sim) tearOff() {
	if s.job != nil && s.job.white >= headToCutter {
		s.finish()
	}
}

// finish ends the job.
func (s *Sim) finish() {
	j := s.job
	if j == nil {
		return
	}
	s.job = nil
	if !j.ink { // blank paper is nobody's job
		s.jobs = s.jobs[:len(s.jobs)-1]
		if s.expect == (Job{}) {
			s.expect = Job{Kind: j.Kind, Number: j.Number}
		}
		return
	}
	j.Ended = time.Now()
	if j.State != Torn {
		j.State = Printed
	}
	s.log.Debug("simulated printer: job", "id", j.ID, "state", j.State, "bytes", j.Bytes, "rows", j.paper.Height)
}

// maxRows bounds a job's memory: 10 m of paper.
const maxRows = 80000

func (j *Job) put(row []byte) {
	b := j.paper
	if b.Height >= maxRows {
		return
	}
	b.Grow(b.Height + 1)
	copy(b.Row(b.Height-1), row)
	j.white++
	if slices.ContainsFunc(row, func(v byte) bool { return v != 0 }) {
		j.ink, j.white = true, 0
	}
}
