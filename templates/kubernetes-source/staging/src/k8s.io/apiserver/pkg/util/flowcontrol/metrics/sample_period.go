package metrics

import (
	"time"

	"k8s.io/apimachinery/pkg/util/clock"
	compbasemetrics "k8s.io/component-base/metrics"
)

// samplePeriod is how often the numbers of waiting and executing requests are sampled. With the 1 ms that the callers ask for, every request and
// a timer count thousands of samples, a quarter of what an idle API server computes.
const samplePeriod = 100 * time.Millisecond

// NewSampleAndWaterMarkHistogramsPairGenerator makes a new pair generator.
func NewSampleAndWaterMarkHistogramsPairGenerator(clock clock.PassiveClock, _ time.Duration, sampleOpts, waterMarkOpts *compbasemetrics.HistogramOpts, labelNames []string) SampleAndWaterMarkPairGenerator {
	return SampleAndWaterMarkPairGenerator{
		urGenerator: NewSampleAndWaterMarkHistogramsGenerator(clock, samplePeriod, sampleOpts, waterMarkOpts, append([]string{labelNamePhase}, labelNames...)),
	}
}
