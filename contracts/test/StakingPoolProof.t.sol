// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {StakingPool} from "../StakingPool.sol";
import {Asset, Staker} from "./StakingPoolStage.sol";
import {vm} from "./Vm.sol";

/// Who can take what, for any caller, number and change. Run by halmos, on a pool with two stakers, of whom
/// one has a request set aside and one that waits.
contract StakingPoolProof {
    Asset private _asset;
    StakingPool private _pool;
    Staker private _one;
    Staker private _other;

    function setUp() public {
        _asset = new Asset();
        _pool = new StakingPool(_asset, "Pool", "P", address(this), address(this));
        (_one, _other) = (new Staker(), new Staker());
        _asset.give(address(_one), 1000);
        _asset.give(address(_other), 500);
        _one.approve(_asset, _pool);
        _other.approve(_asset, _pool);
        _one.stake(_pool, 1000);
        _other.stake(_pool, 500);
        _one.request(_pool, 300);
        _one.request(_pool, 200);
        _pool.finalise(1);
    }

    /// Only the owner is paid, only what was set aside, and all of it.
    function check_claim_anyCallerAndNumber(address caller, uint256 number) public {
        uint256 held = _asset.balanceOf(address(_pool));
        uint256 owned = _asset.balanceOf(caller);
        vm.prank(caller);
        try _pool.claim(number) returns (uint256 assets) {
            assert(caller == address(_one) && number == 1 && assets == 300);
            assert(_asset.balanceOf(caller) == owned + 300);
            assert(_asset.balanceOf(address(_pool)) == held - 300 && _pool.setAside() == 0);
        } catch {
            assert(caller != address(_one) || number != 1);
            assert(_asset.balanceOf(address(_pool)) == held);
        }
    }

    /// Only the oracle moves the rate by a report, within its bounds, and no token moves.
    function check_report_anyCallerAndChange(address caller, int256 change) public {
        vm.warp(1 days);
        uint256 held = _asset.balanceOf(address(_pool));
        vm.prank(caller);
        try _pool.report(change) {
            assert(caller == address(this) && change >= -50 && change <= 1);
            assert(int256(_pool.pooled()) == 1000 + change);
        } catch {
            assert(caller != address(this) || change < -50 || change > 1);
            assert(_pool.pooled() == 1000);
        }
        assert(_asset.balanceOf(address(_pool)) == held);
    }

    /// Only the operator sets aside, only who waits, and no token moves.
    function check_finalise_anyCallerAndNumber(address caller, uint256 upTo) public {
        uint256 held = _asset.balanceOf(address(_pool));
        vm.prank(caller);
        try _pool.finalise(upTo) {
            assert(caller == address(this) && upTo == 2 && _pool.setAside() == 500);
        } catch {
            assert(caller != address(this) || upTo != 2);
            assert(_pool.setAside() == 300);
        }
        assert(_asset.balanceOf(address(_pool)) == held);
    }
}
