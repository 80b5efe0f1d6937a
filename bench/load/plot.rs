//! Costs by size: the table and the plots of `bench/run scale`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use comfy_table::{Cell, CellAlignment, Table, presets};
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea as _;
use plotters::prelude::{BLACK, Circle, Color as _, IntoLogRange as _, LineSeries, RGBColor, SVGBackend, WHITE};
use serde::Deserialize;

use crate::Result;

/// The size of a plot, in pixels.
const SIZE: (u32, u32) = (640, 360);
const SHEAF: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
const BROKER: RGBColor = RGBColor(0x99, 0x99, 0x99);

/// Plot the measurements at several sizes
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The directory of the plots, one file per axis
    #[arg(long, value_name = "DIRECTORY")]
    svg: PathBuf,
    /// A measurement at one value of an axis: the file of `--json`
    #[arg(required = true, value_name = "AXIS:VALUE:FILE", value_parser = measurement)]
    measurements: Vec<Measurement>,
}

/// A measurement at one value of an axis.
#[derive(Clone, Debug)]
struct Measurement {
    axis: String,
    value: u32,
    file: PathBuf,
}

/// The result of a measurement.
struct Point {
    value: u32,
    events: f64,
    per_second: f64,
    sheaf_us: f64,
    broker_us: f64,
    peak_mib: f64,
}

/// One of the costs of a point.
type Cost = fn(&Point) -> f64;

#[derive(Deserialize)]
struct Report {
    median: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
    events: f64,
    events_per_second: f64,
    sheaf_cpu_seconds: f64,
    broker_cpu_seconds: f64,
    peak_mib: f64,
}

fn measurement(text: &str) -> std::result::Result<Measurement, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(axis), Some(value), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("a measurement is AXIS:VALUE:FILE".to_owned());
    };
    let value = value.parse().map_err(|error| format!("the value `{value}`: {error}"))?;
    Ok(Measurement { axis: axis.to_owned(), value, file: file.into() })
}

pub(crate) fn draw(options: &Options) -> Result<bool> {
    let mut axes: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for measurement in &options.measurements {
        axes.entry(&measurement.axis).or_default().push(point(measurement)?);
    }
    for (axis, mut points) in axes {
        points.sort_by_key(|point| point.value);
        println!("{}\n", table(axis, &points));
        let file = options.svg.join(format!("scaling-{axis}.svg"));
        plot(axis, &points, &file).map_err(|error| format!("{} cannot be drawn: {error}", file.display()))?;
    }
    Ok(true)
}

fn point(measurement: &Measurement) -> Result<Point> {
    let text = std::fs::read_to_string(&measurement.file)
        .map_err(|error| format!("{} cannot be read: {error}", measurement.file.display()))?;
    let report: Report = serde_json::from_str(&text)?;
    let measured = report.median.first().ok_or_else(|| format!("{} has no figures", measurement.file.display()))?;
    let per_event = |seconds: f64| seconds * 1e6 / measured.events;
    Ok(Point {
        value: measurement.value,
        events: measured.events,
        per_second: measured.events_per_second,
        sheaf_us: per_event(measured.sheaf_cpu_seconds),
        broker_us: per_event(measured.broker_cpu_seconds),
        peak_mib: measured.peak_mib,
    })
}

/// Each cost, and its ratio to that of the least value.
fn table(axis: &str, points: &[Point]) -> String {
    let least = points.iter().map(|point| point.sheaf_us).fold(f64::INFINITY, f64::min);
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let names = ["events", "events/s", "sheaf µs/event", "against the least", "broker µs/event", "peak MiB"];
    table.set_header(std::iter::once(axis).chain(names));
    for point in points {
        let figures = [
            format!("{}", point.value),
            format!("{:.0}", point.events),
            format!("{:.0}", point.per_second),
            format!("{:.1}", point.sheaf_us),
            format!("{:.2}", point.sheaf_us / least),
            format!("{:.1}", point.broker_us),
            format!("{:.0}", point.peak_mib),
        ];
        table.add_row(figures.map(|figure| Cell::new(figure).set_alignment(CellAlignment::Right)));
    }
    table.to_string()
}

fn plot(axis: &str, points: &[Point], file: &Path) -> Result<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let highest = points.iter().map(|point| point.sheaf_us.max(point.broker_us)).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("CPU per event against {axis}"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d((f64::from(first.value)..f64::from(last.value)).log_scale(), 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .x_desc(axis)
        .y_desc("µs of CPU per event")
        .x_label_formatter(&|value| format!("{value:.0}"))
        .disable_x_mesh()
        .draw()?;
    let lines: [(&str, RGBColor, Cost); 2] =
        [("sheaf", SHEAF, |point| point.sheaf_us), ("broker", BROKER, |point| point.broker_us)];
    for (name, color, get) in lines {
        let line: Vec<(f64, f64)> = points.iter().map(|point| (f64::from(point.value), get(point))).collect();
        let drawn = chart.draw_series(LineSeries::new(line.clone(), color.stroke_width(2)))?;
        drawn.label(name).legend(move |at| Circle::new(at, 4, color.filled()));
        chart.draw_series(line.into_iter().map(|at| Circle::new(at, 4, color.filled())))?;
    }
    chart.configure_series_labels().border_style(BLACK.mix(0.3)).background_style(WHITE).draw()?;
    root.present()?;
    Ok(())
}
