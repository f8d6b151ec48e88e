use super::*;
use crate::problem::render;
use crate::scenario::load_without_control;
use std::fs;

/// The folder is kept as long as the study is looked at.
fn opened(text: &str) -> (tempfile::TempDir, Result<Study, StudyError>) {
    let folder = tempfile::tempdir().unwrap();
    let pool = include_str!("../../../scenarios/smoke/single-pool.toml");
    fs::write(folder.path().join("pool.toml"), pool).unwrap();
    let path = folder.path().join("a.study.toml");
    fs::write(&path, text).unwrap();
    let study = open_study(&path);
    (folder, study)
}

fn good(rest: &str) -> Study {
    let head = "title = 'A'\nquestion = 'B?'\nscenario = 'pool.toml'\nseeds = '1..3'\n";
    match opened(&format!("{head}{rest}")).1 {
        Ok(study) => study,
        Err(StudyError::Problems(problems, source)) => {
            panic!("{}", render(&problems, source.text(), false))
        }
        Err(StudyError::Error(told)) => panic!("{told}"),
    }
}

/// What is said of a study, with the folder's name taken out.
fn wrong(rest: &str) -> String {
    let head = "title = 'A'\nquestion = 'B?'\nscenario = 'pool.toml'\nseeds = '1..3'\n";
    whole_wrong(&format!("{head}{rest}"))
}

fn whole_wrong(text: &str) -> String {
    let (folder, study) = opened(text);
    let Err(StudyError::Problems(problems, source)) = study else {
        panic!("this study has no problems: {text}");
    };
    assert!(!problems.is_empty());
    let name = format!("{}/", folder.path().display());
    render(&problems, source.text(), false).replace(&name, "")
}

#[test]
fn variants_are_all_combinations_with_the_last_axis_changing_fastest() {
    let study = good(
        "[vary]\n'fabric.pool.servers' = '8..10 by 1'\n'fabric.pool.discipline' = ['fifo', 'lifo']\n\
         [base]\n'fabric.pool.servers' = 9\n",
    );
    assert_eq!(study.variants(), 6);
    assert_eq!(
        (study.choice(0), study.choice(1), study.choice(5)),
        (vec![0, 0], vec![0, 1], vec![2, 1])
    );
    assert_eq!(study.base, [1, 0]);
    let edits = study.edits(&study.choice(5), Arm::Whole).unwrap();
    let shown: Vec<_> = edits.iter().map(|edit| format!("{}={}", edit.path, edit.value)).collect();
    assert_eq!(shown[..2], ["fabric.pool.servers=10", "fabric.pool.discipline='lifo'"]);
    // What is usual is watched beside what the scenario watches.
    assert_eq!(
        shown[2..],
        ["watch.\"availability\"=\"availability\"", "watch.\"monthly cost\"=\"monthly_cost\""]
    );
    let names: Vec<_> = study.measures.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), 3 + 3 + 2);
    assert_eq!(names[6..], ["availability", "monthly cost"]);
}

#[test]
fn measures_take_the_place_of_what_the_scenario_watches() {
    let study = good("vary = { load-factor = [0.5, 1] }\nmeasure = { 'p99' = 'p99(latency)' }\n");
    assert!(study.only_watched);
    assert_eq!(study.measures.len(), 1);
    assert_eq!(study.measures[0].unit, Unit::Time);
}

#[test]
fn a_load_factor_multiplies_what_the_other_changes_leave() {
    let study = good(
        "set = { 'load.requests-per-second' = 100 }\nvary = { load-factor = '0.5..1.5 by 0.25' }\n",
    );
    let rate = |at: usize| {
        let edits = study.edits(&[at], Arm::Whole).unwrap();
        load_without_control(&study.scenario, &edits).unwrap();
        let rates = edits.iter().filter(|edit| edit.path == "load.requests-per-second");
        rates.collect::<Vec<_>>().pop().unwrap().value.clone()
    };
    assert_eq!([rate(0), rate(1), rate(4)], ["50", "75", "150"]);
}

#[test]
fn groups_of_changes_have_names() {
    let study = good(
        "[vary.pool]\nsmall = { 'fabric.pool.servers' = 8 }\n\
         large = { 'fabric.pool.servers' = 16, 'fabric.pool.queue' = 100 }\n",
    );
    let names: Vec<_> = study.axes[0].values.iter().map(|value| value.shown.as_str()).collect();
    assert_eq!(names, ["small", "large"]);
    assert_eq!(study.edits(&[1], Arm::Whole).unwrap()[1].path, "fabric.pool.queue");
}

#[test]
fn problems_stand_where_they_are_and_all_of_them_are_told() {
    let said = whole_wrong("title = 1\nquestion = ''\nscenari = 'x'\nseeds = '3..1'\n[vary]\n");
    for part in [
        "expected a text, found the number 1",
        "this text is empty",
        "`scenario` is missing",
        "there is no key `scenari` here",
        "`3..1` is no range of seeds",
        "this study changes nothing",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn what_the_scenario_refuses_is_told_at_the_studys_line() {
    let said = wrong("[vary]\n'fabric.pool.servrs' = '8..10 by 1'\n");
    assert!(said.contains("there is no `fabric.pool.servrs`"), "{said}");
    assert!(said.contains("--> a.study.toml:6:1"), "{said}");
    assert!(said.contains("help: did you mean `fabric.pool.servers`?"), "{said}");
    let said = wrong("[vary]\n'fabric.pool.discipline' = ['fifo', 'fofi']\n");
    assert!(said.contains("`fofi` is not known here"), "{said}");
    assert!(said.contains("--> a.study.toml:6:37"), "{said}");
    // Of a range the value is told.
    let said = wrong("[vary]\n'fabric.pool.servers' = '0..2 by 1'\n");
    assert!(said.contains("`0`: 0 is out of range"), "{said}");
    assert_eq!(said.matches("problem:").count(), 1, "{said}");
}

#[test]
fn what_is_no_study_is_refused_with_a_help() {
    for (rest, part) in [
        ("vary = { 'run.seed' = [1, 2] }", "is nothing that a study changes"),
        ("vary = { 'invariants.x' = ['a'] }", "is nothing that a study changes"),
        ("vary = { pool = [1, 2] }", "`pool` is no path"),
        ("vary = { 'fabric.pool.servers' = 8 }", "expected a range, a list or a table"),
        ("vary = { 'fabric.pool.servers' = '8..9 by 0' }", "above zero"),
        ("vary = { 'fabric.pool.servers' = [8, 8] }", "stands here twice"),
        ("vary = { 'fabric.pool.servers' = [] }", "there is no value here"),
        ("vary = { load-factor = [-1] }", "is no factor"),
        ("vary = { load-factor = [1] }\nbase = { load-factor = 2 }", "none of its values"),
        ("vary = { load-factor = [1] }\nbase = { load = 2 }", "has no entry `load`"),
        ("vary = { load-factor = [1] }\nfind = 'best'", "cannot be searched for"),
        ("vary = { load-factor = [1] }\nfind = 'recovery'", "what takes the trigger away"),
        ("vary = { load-factor = [1] }\nfind = 'largest x that holds'", "has no entry `x`"),
        (
            "vary = { load-factor = [1] }\nholds = ['x']\nfind = 'cheapest that holds'",
            "there is no invariant `x`",
        ),
        ("vary = { load-factor = [1] }\nholds = ['x']", "`holds` does nothing here"),
        ("vary = { load-factor = [1] }\nwithout = {}", "`without` does nothing here"),
        (
            "vary = { load-factor = [1] }\nbase = {}\nfind = 'largest load-factor that holds'",
            "`base` does nothing here",
        ),
        ("vary = { load-factor = [1] }\nmeasure = { a = 'p99(x)' }", "`x`"),
        ("vary = { load-factor = [1] }\nprecision = '5%'", "so many seeds cannot be run"),
        (
            "vary = { load-factor = '1..2 by 0.001', 'fabric.pool.servers' = '1..2000 by 1' }",
            "more than 1,000,000 variants",
        ),
    ] {
        let said = wrong(rest);
        assert!(said.contains(part), "{rest}\n{said}");
        assert!(said.contains("help: "), "{said}");
        assert!(said.contains("a.study.toml"), "{said}");
    }
}

#[test]
fn a_scenario_that_is_not_there_is_told_at_its_name() {
    let said = whole_wrong(
        "title = 'A'\nquestion = 'B?'\nscenario = 'pol.toml'\nseeds = '1..3'\nvary = { load-factor = [1] }",
    );
    assert!(said.contains("there is no such file"), "{said}");
    assert!(said.contains("a.study.toml:3:12"), "{said}");
    assert!(said.contains("pool.toml"), "{said}");
}

#[test]
fn what_a_study_adds_to_the_promises_is_what_its_search_looks_at() {
    let study = good("vary = { load-factor = [1] }\nmust = { 'all' = 'availability == 100%' }\n");
    assert_eq!(study.invariants.len(), 4);
    assert_eq!(study.holds, [3]);
    assert_eq!(study.invariants[3].name, "all");
    let said = wrong("vary = { load-factor = [1] }\nmust = { 'all' = 'availability' }\n");
    assert!(said.contains("a.study.toml:6:18"), "{said}");
}
