// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {StakingPool} from "../StakingPool.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {vm} from "./Vm.sol";

/// A plain token of six decimals that anyone gives to anyone.
contract Asset is ERC20 {
    constructor() ERC20("Asset", "A") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function give(address account, uint256 amount) external {
        _mint(account, amount);
    }
}

/// A staker with an account of its own, who is also whoever a test makes it: it passes on what it is told.
contract Staker {
    function approve(Asset asset, StakingPool pool) external {
        asset.approve(address(pool), type(uint256).max);
    }

    function stake(StakingPool pool, uint256 assets) external returns (uint256) {
        return pool.stake(assets);
    }

    function request(StakingPool pool, uint256 shares) external returns (uint256) {
        return pool.request(shares);
    }

    function claim(StakingPool pool, uint256 number) external returns (uint256) {
        return pool.claim(number);
    }

    function report(StakingPool pool, int256 change) external {
        pool.report(change);
    }

    function finalise(StakingPool pool, uint256 upTo) external {
        pool.finalise(upTo);
    }
}

/// Everybody at once, in any order: stakers, the oracle, the operator, and who sends tokens here. What they
/// try is mostly possible; the rest reverts and is passed over. It keeps the sums that the pool does not.
contract Crowd {
    StakingPool public pool;
    Asset public asset;
    Staker[3] public stakers;
    uint256 public given;
    int256 public reported;
    uint256 public staked;
    uint256 public claimed;
    /// Whether ever a share's worth fell without a report.
    bool public fell;

    constructor() {
        asset = new Asset();
        pool = new StakingPool(asset, "Pool", "P", address(this), address(this));
        for (uint256 i = 0; i < stakers.length; i++) {
            stakers[i] = new Staker();
            stakers[i].approve(asset, pool);
        }
    }

    function stake(uint256 who, uint256 assets) external {
        assets = 1 + assets % 10 ** 24;
        Staker staker = stakers[who % 3];
        asset.give(address(staker), assets);
        (uint256 pooled, uint256 supply) = (pool.pooled(), pool.totalSupply());
        try staker.stake(pool, assets) {
            staked += assets;
            _compare(pooled, supply);
        } catch {}
    }

    function request(uint256 who, uint256 shares) external {
        Staker staker = stakers[who % 3];
        uint256 owned = pool.balanceOf(address(staker));
        (uint256 pooled, uint256 supply) = (pool.pooled(), pool.totalSupply());
        try staker.request(pool, shares % 4 == 0 ? owned : shares % (owned + 1)) {
            _compare(pooled, supply);
        } catch {}
    }

    function claim(uint256 who, uint256 which) external {
        Staker staker = stakers[who % 3];
        (uint256[] memory numbers,,) = pool.requestsOf(address(staker));
        if (numbers.length == 0) return;
        try staker.claim(pool, numbers[which % numbers.length]) returns (uint256 assets) {
            claimed += assets;
        } catch {}
    }

    function report(uint256 size, bool isLoss, uint256 time) external {
        vm.warp(pool.reportedAt() + pool.INTERVAL() + time % 1 days);
        uint256 most = pool.pooled() * (isLoss ? pool.MOST_LOSS() : pool.MOST_REWARD()) / 10_000;
        int256 change = int256(size % 3 == 0 ? most : size % (most + 1));
        pool.report(isLoss ? -change : change);
        reported += isLoss ? -change : change;
    }

    function finalise(uint256 count) external {
        try pool.finalise(pool.finalised() + 1 + count % 3) {} catch {}
    }

    function give(uint256 amount) external {
        amount %= 10 ** 22;
        asset.give(address(pool), amount);
        given += amount;
    }

    function _compare(uint256 pooled, uint256 supply) private {
        if (pool.totalSupply() != 0 && supply != 0 && pool.pooled() * supply < pooled * pool.totalSupply()) {
            fell = true;
        }
    }
}
