from gluon_pix2pix.schedule import step_seed


def test_seeds_of_steps_repeat_and_have_nothing_in_common():
    seeds = [step_seed(seed, iteration, use) for seed in range(3)
             for iteration in range(2000) for use in (0, 1)]
    assert seeds == [step_seed(seed, iteration, use) for seed in range(3)
                     for iteration in range(2000) for use in (0, 1)]
    assert len(set(seeds)) > len(seeds) - 5  # two of 2**31 may coincide
    assert all(0 <= seed < 2**31 for seed in seeds)
