//! `inject.fault`: what harm is done.

use super::harm::Stage;
use super::load::LARGEST_FACTOR;
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::fault::{Clock, Delay, Fault, Kept, Reach, Routes, Service};
use crate::units::Span;

const SERVICES: &[(&str, Service)] = &[
    ("manifest", Service::Manifest),
    ("database", Service::Database),
    ("origin", Service::Origin),
];

#[derive(Clone, Copy)]
enum Kind {
    RegionDown,
    EvictCache,
    DelayReplication,
    Slow,
    Errors,
    NoisyNeighbour,
    Leak,
    DatabaseDown,
    LockTable,
    ClockSkew,
    PacketLoss,
    StopPods,
    Surge,
    OriginDown,
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, node: &Node, stage: Stage<'_>) -> Option<Fault> {
        const KINDS: &[(&str, Kind)] = &[
            ("region-down", Kind::RegionDown),
            ("evict-cache", Kind::EvictCache),
            ("delay-replication", Kind::DelayReplication),
            ("slow", Kind::Slow),
            ("errors", Kind::Errors),
            ("stop-pods", Kind::StopPods),
            ("noisy-neighbour", Kind::NoisyNeighbour),
            ("memory-leak", Kind::Leak),
            ("database-down", Kind::DatabaseDown),
            ("lock-table", Kind::LockTable),
            ("clock-skew", Kind::ClockSkew),
            ("packet-loss", Kind::PacketLoss),
            ("surge", Kind::Surge),
            ("origin-down", Kind::OriginDown),
        ];
        let mut section = self.section(node, "inject.fault")?;
        let kind_node = section.require(self, "kind");
        let kind = kind_node.and_then(|node| self.choice(node, KINDS));
        let (Some(kind), Some(name)) = (kind, kind_node.and_then(Node::text)) else {
            section.rest();
            return None;
        };
        section.narrow(name);
        let regions = stage.regions;
        let fault = match kind {
            Kind::RegionDown => self.region_down(&mut section, regions),
            Kind::EvictCache => self.evict_cache(&mut section, regions),
            Kind::DelayReplication => self.delay_replication(&mut section, regions),
            Kind::Slow => self.slow(&mut section, stage),
            Kind::Errors => self.errors(&mut section, stage),
            Kind::NoisyNeighbour => self.noisy_neighbour(&mut section, stage),
            Kind::Leak => self.leak(&mut section, stage),
            Kind::DatabaseDown => self.database_down(&mut section, regions),
            Kind::LockTable => {
                let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
                region.map(|region| Fault::LockTable { region })
            }
            Kind::StopPods => self.stop_pods(&mut section, stage),
            Kind::ClockSkew => self.clock_skew(&mut section, regions),
            Kind::PacketLoss => self.packet_loss(&mut section, regions),
            Kind::Surge => self.surge(&mut section, regions),
            Kind::OriginDown => self.origin_down(&mut section, stage.origin),
        };
        section.finish(self);
        self.meets_somebody(node, fault, stage);
        fault
    }

    /// What is done to the origin or to the content cache is felt by those who ask for segments.
    fn meets_somebody(&mut self, node: &Node, fault: Option<Fault>, stage: Stage<'_>) {
        let of_segments = match fault {
            Some(Fault::OriginDown { .. }) => true,
            Some(Fault::EvictCache { cache, .. }) => cache == Kept::Content,
            Some(Fault::Slow { service, .. } | Fault::Errors { service, .. }) => {
                service == Service::Origin
            }
            _ => false,
        };
        if of_segments && !stage.segments {
            let message = "nobody asks for segments, so that this fault meets nobody";
            self.say(&node.at, message, "`[load.segments-per-second]`, with a rate for a region");
        }
    }

    fn slow(&mut self, section: &mut Section<'_>, stage: Stage<'_>) -> Option<Fault> {
        let place = self.place(section, stage);
        let factor = section.need(self, "factor", |r, n| r.number(n, 0.001..=1_000_000.0));
        let ramp = self.ramp(section);
        let (region, service, pods) = place?;
        Some(Fault::Slow { region, service, factor: factor?, ramp, pods })
    }

    fn errors(&mut self, section: &mut Section<'_>, stage: Stage<'_>) -> Option<Fault> {
        let place = self.place(section, stage);
        let share = section.need(self, "share", Self::share);
        let ramp = self.ramp(section);
        let (region, service, pods) = place?;
        Some(Fault::Errors { region, service, share: share?, ramp, pods })
    }

    fn ramp(&mut self, section: &mut Section<'_>) -> Span {
        let mut ramp = Span::ZERO;
        section.set(self, "ramp", &mut ramp, Self::time);
        ramp
    }

    fn region_down(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let routes = [("withdrawn", Routes::Withdrawn), ("silent", Routes::Silent)];
        let reaches = [("all", Reach::All), ("data-plane", Reach::DataPlane)];
        let region = section.need(self, "region", |r, n| r.region(n, regions));
        let routes = section.need(self, "routes", |r, n| r.choice(n, &routes));
        let mut scope = Reach::All;
        section.set(self, "scope", &mut scope, |r, n| r.choice(n, &reaches));
        Some(Fault::RegionDown { region: region?, routes: routes?, scope })
    }

    fn delay_replication(
        &mut self,
        section: &mut Section<'_>,
        regions: &[String],
    ) -> Option<Fault> {
        let ways = [("apply", Delay::Apply), ("tcp-stall", Delay::TcpStall)];
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let delay = section.need(self, "delay", Self::some_time);
        let by = section.need(self, "by", |r, n| r.choice(n, &ways));
        Some(Fault::DelayReplication { region: region?, delay: delay?, by: by? })
    }

    fn place(
        &mut self,
        section: &mut Section<'_>,
        stage: Stage<'_>,
    ) -> Option<(Option<usize>, Service, Option<u32>)> {
        let region = section.need(self, "region", |r, n| r.region_or_all(n, stage.regions));
        let service = section.need(self, "service", |r, n| r.choice(n, SERVICES));
        let mut pods = None;
        if let (Some(Some(at)), Some(Service::Origin)) = (region, service)
            && at != stage.origin
            && self.regions_known
        {
            let here = stage.regions.get(stage.origin).map_or("", String::as_str);
            let message = format!("the origin is in `{here}`");
            self.say(section.at(), message, format!("`region = \"{here}\"`, or \"all\""));
            return None;
        }
        if let Some(entry) = section.take("pods") {
            if let Some(service @ (Service::Database | Service::Origin)) = service {
                let help = "`service = \"manifest\"`, or remove this key";
                let what = if service == Service::Origin { "origin" } else { "database" };
                self.say(&entry.key_at, format!("the {what} has no pods"), help);
                return None;
            }
            pods = Some(self.some_pods(&entry.node, stage.manifest)?);
        }
        Some((region?, service?, pods))
    }

    fn clock_skew(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let ways = [("ahead", Clock::Ahead), ("behind", Clock::Behind)];
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let by = section.need(self, "by", Self::some_time);
        let clock = section.need(self, "clock", |r, n| r.choice(n, &ways));
        Some(Fault::ClockSkew { region: region?, by: by?, clock: clock? })
    }

    fn packet_loss(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let share = section.need(self, "share", Self::share);
        Some(Fault::PacketLoss { region: region?, share: share? })
    }

    fn surge(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let factor = section.need(self, "factor", |r, n| r.number(n, 0.0..=LARGEST_FACTOR));
        let ramp = self.ramp(section);
        Some(Fault::Surge { region: region?, factor: factor?, ramp })
    }
}
