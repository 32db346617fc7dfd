//! The run as a picture: events per second, lag and instances over time, one above the other.

use std::fmt::Write as _;

use super::{
    figures::Figures,
    samples::{Sample, rates},
};

/// Of the picture, and of its frame.
const WIDTH: f64 = 860.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 840.0;

/// Height of a panel, and where the first begins.
const HEIGHT: f64 = 130.0;
const TOP: f64 = 66.0;
const GAP: f64 = 46.0;

/// A line in a panel.
struct Line<'a> {
    name: &'a str,
    color: &'a str,
    points: Vec<(f64, f64)>,
    /// Stays as it was until the next point.
    is_stepped: bool,
}

/// One diagram.
struct Panel<'a> {
    title: &'a str,
    lines: Vec<Line<'a>>,
    /// A level that matters, and what it is.
    mark: Option<(f64, String)>,
}

/// The picture, as SVG.
pub fn svg(figures: &Figures) -> String {
    let panels = panels(figures);
    let last = figures.samples.last().map_or(1.0, |sample| sample.seconds.max(1.0));
    #[expect(clippy::cast_precision_loss, reason = "a few panels")]
    let height = TOP + (HEIGHT + GAP) * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(
        &mut svg,
        (LEFT, 22.0),
        "start",
        "#1a1a1a",
        "oneway up --autoscale orders: one instance, more, and one again",
    );
    let conditions = figures.conditions();
    let (first, rest) = conditions.split_once("; ").unwrap_or((&conditions, ""));
    text(&mut svg, (LEFT, 38.0), "start", "#555555", rest);
    text(&mut svg, (RIGHT, 22.0), "end", "#555555", first);
    let mut top = TOP;
    for panel in &panels {
        draw(&mut svg, panel, top, last);
        for turn in figures.schedule.turns() {
            let (x, bottom) = (across(turn.at.as_secs_f64(), last), top + HEIGHT);
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" \
                 stroke=\"#999999\" stroke-dasharray=\"3 3\"/>"
            );
            let what = format!("{}/s", turn.rate);
            text(&mut svg, (x + 4.0, top + 12.0), "start", "#777777", &what);
        }
        top += HEIGHT + GAP;
    }
    svg.push_str("</svg>\n");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 records")]
fn panels(figures: &Figures) -> Vec<Panel<'static>> {
    let samples = &figures.samples;
    let rate = |which: usize| -> Vec<(f64, f64)> {
        let pairs = samples.windows(2).filter_map(|pair| {
            let [before, now] = pair else { return None };
            Some((now.seconds, *rates(before, now).get(which)?))
        });
        pairs.collect()
    };
    let of = |value: fn(&Sample) -> f64| -> Vec<_> {
        samples.iter().map(|sample| (sample.seconds, value(sample))).collect()
    };
    let line = |name, color, points| Line { name, color, points, is_stepped: false };
    let instances = of(|sample| sample.instances as f64);
    let stepped = Line { is_stepped: true, ..line("instances", "#7b3294", instances) };
    vec![
        Panel {
            title: "events per second",
            lines: vec![line("appended", "#1f78b4", rate(0)), line("applied", "#e66101", rate(1))],
            mark: None,
        },
        Panel {
            title: "records behind",
            lines: vec![line("lag", "#c51b7d", of(|sample| sample.lag as f64))],
            mark: Some((figures.threshold as f64, "for one instance".to_owned())),
        },
        Panel { title: "instances of orders", lines: vec![stepped], mark: None },
    ]
}

fn draw(svg: &mut String, panel: &Panel<'_>, top: f64, last: f64) {
    let values = panel.lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let highest = nice(values.chain(panel.mark.iter().map(|(at, _)| *at)).fold(1.0, f64::max));
    let bottom = top + HEIGHT;
    let up = |value: f64| bottom - value / highest * HEIGHT;
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\" fill=\"none\" \
         stroke=\"#cccccc\"/>",
        RIGHT - LEFT
    );
    text(svg, (LEFT, top - 6.0), "start", "#1a1a1a", panel.title);
    for part in [0.0, 0.5, 1.0] {
        let value = highest * part;
        text(svg, (LEFT - 6.0, up(value) + 4.0), "end", "#555555", &format!("{value}"));
    }
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (at, x) = (last * part, across(last * part, last));
        text(svg, (x, bottom + 15.0), "middle", "#555555", &format!("{at:.0} s"));
    }
    if let Some((at, what)) = &panel.mark {
        let y = up(*at);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\" stroke=\"#888888\" \
             stroke-dasharray=\"6 3\"/>"
        );
        text(svg, (RIGHT - 4.0, y - 4.0), "end", "#777777", what);
    }
    let mut legend = RIGHT;
    for line in &panel.lines {
        let mut points = String::new();
        let mut before = None;
        for (at, value) in &line.points {
            let (x, y) = (across(*at, last), up(*value));
            if let Some(before) = before.filter(|_| line.is_stepped) {
                let _ = write!(points, "{x:.1},{before:.1} ");
            }
            let _ = write!(points, "{x:.1},{y:.1} ");
            before = Some(y);
        }
        let (color, points) = (line.color, points.trim_end());
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\" points=\"{points}\"/>"
        );
        text(svg, (legend, top - 6.0), "end", color, line.name);
        legend -= 74.0;
    }
}

fn across(at: f64, last: f64) -> f64 {
    LEFT + (at / last).clamp(0.0, 1.0) * (RIGHT - LEFT)
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, color: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{words}</text>"
    );
}

/// The next larger number that is easy to read: 1, 2, 4, 5 or 8 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::{super::figures::tests::figures, *};

    #[test]
    fn scales_end_at_numbers_that_are_easy_to_read() {
        for (value, wanted) in [(1.0, 1.0), (3.0, 4.0), (41.0, 50.0), (810.0, 1_000.0)] {
            assert!((nice(value) - wanted).abs() < 1e-9, "{value}: {}", nice(value));
        }
    }

    #[test]
    fn all_of_it_is_in_the_picture() {
        let svg = svg(&figures());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 4);
        // Ten of forty seconds are a quarter of the width.
        let quarter = LEFT + (RIGHT - LEFT) / 4.0;
        assert!(svg.contains(&format!("<line x1=\"{quarter:.1}\"")), "{svg}");
        // A second instance comes at a moment, not bit by bit.
        assert!(svg.contains("166.2,") || svg.contains("358.8,"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
